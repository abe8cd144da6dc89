/** Batch normalization of constants after a convolution of constants: the filter and bias are computed here, and nothing else is left. */
import type { Emission } from '../graph/emission.js';
import { physicalShape } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import { convolve } from '../kernels/convolution/forward.js';
import { batchNormInputs, isPerChannel } from '../kernels/normalization.js';
import { linearConvolution } from './after-convolution.js';

/** With s = scale / sqrt(variance + epsilon): filter s, and bias offset + (bias - mean) s. */
export function emitFoldedBatchNorm(graph: Emission, node: LazyNode): boolean {
  const inputs = batchNormInputs(node);
  const { x, mean, variance, offset, scale, epsilon } = inputs;
  const attributes = linearConvolution(graph, x);
  if (attributes === null || !isPerChannel(inputs)) return false;
  const [, filter, bias] = x.inputs as [LazyNode, LazyNode, LazyNode?];
  const optional = (node: LazyNode | undefined) => (node === undefined ? undefined : graph.valuesOf(node));
  const [filters, means, variances] = [
    graph.valuesOf(filter, 'filtersFirst'),
    graph.valuesOf(mean),
    graph.valuesOf(variance),
  ];
  const [offsets, scales, biases] = [offset, scale, bias].map((node) => optional(node));
  if (filters === null || means === null || variances === null) return false;
  if (offsets === null || scales === null || biases === null) return false;
  const channels = x.shape[3] ?? 1;
  if (bias !== undefined && sizeOf(bias.shape) !== channels) return false;
  const factors = new Float64Array(channels);
  const moved = new Float32Array(channels);
  const [center, spread, shift, gain, added] = [means, variances, offsets, scales, biases].map((make) => make?.());
  for (let channel = 0; channel < channels; channel++) {
    const factor = (gain?.[channel] ?? 1) / Math.sqrt((spread?.[channel] ?? 0) + epsilon);
    factors[channel] = factor;
    moved[channel] = (shift?.[channel] ?? 0) + ((added?.[channel] ?? 0) - (center?.[channel] ?? 0)) * factor;
  }
  const scaled = () => {
    const result = filters().slice();
    const size = result.length / channels;
    for (let channel = 0; channel < channels; channel++) {
      const factor = factors[channel] ?? 1;
      for (let i = channel * size; i < (channel + 1) * size; i++) result[i] = (result[i] ?? 0) * factor;
    }
    return new Uint8Array(result.buffer);
  };
  // It is the convolution by whose name people look for a layer, in Netron and to leave it out of quantization.
  graph.labelAs(x);
  const folded = convolve(graph, x, attributes, {
    filter: graph.weight('float32', physicalShape(filter.shape, 'filtersFirst'), scaled),
    bias: graph.weight('float32', [channels], new Uint8Array(moved.buffer)),
    group: 1,
  });
  graph.set(node, 'channelsFirst', folded);
  return true;
}
