/** Batch normalization of constants after a convolution of constants: the filter and bias are computed here, and nothing else is left. */
import type { GraphBuilder } from '../graph/graph-builder.js';
import { physicalShape } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import { type ConvolutionAttributes, convolutionName, convolve } from '../kernels/convolution/forward.js';

export interface BatchNormInputs {
  /** One value a channel each. */
  readonly mean: LazyNode;
  readonly variance: LazyNode;
  readonly offset: LazyNode | undefined;
  readonly scale: LazyNode | undefined;
}

/**
 * With s = scale / sqrt(variance + epsilon): filter s, and bias offset + (bias - mean) s.
 * @param x what is normalized
 * @returns the result's name in NCHW, or null where x is no convolution that nothing else reads, or something is no constant
 */
export function emitFoldedBatchNorm(
  graph: GraphBuilder,
  x: LazyNode,
  { mean, variance, offset, scale }: BatchNormInputs,
  epsilon: number,
): string | null {
  const attributes = x.attributes as ConvolutionAttributes;
  const [, filter, bias] = x.inputs;
  if (x.name !== convolutionName || filter === undefined || graph.usesOf(x) !== 1) return null;
  const optional = (node: LazyNode | undefined) => (node === undefined ? undefined : graph.valuesOf(node));
  const [filters, means, variances] = [
    graph.valuesOf(filter, 'filtersFirst'),
    graph.valuesOf(mean),
    graph.valuesOf(variance),
  ];
  const [offsets, scales, biases] = [offset, scale, bias].map((node) => optional(node));
  if (filters === null || means === null || variances === null || attributes.activation !== 'linear') return null;
  if (offsets === null || scales === null || biases === null) return null;
  const channels = x.shape[3] ?? 1;
  if (bias !== undefined && sizeOf(bias.shape) !== channels) return null;
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
  return convolve(graph, x, attributes, {
    filter: graph.weight('float32', physicalShape(filter.shape, 'filtersFirst'), scaled),
    bias: graph.weight('float32', [channels], new Uint8Array(moved.buffer)),
    group: 1,
  });
}
