/** What comes after a convolution that nothing else reads becomes a part of it. */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import {
  type ConvolutionAttributes,
  channelVector,
  convolutionName,
  convolve,
  convolveAll,
} from '../kernels/convolution/forward.js';
import { batchNormInputs, channelFactors, isPerChannel } from '../kernels/normalization.js';

/** A factor for each filter takes longer than a pass over the result where that has less than this many times the filter's elements. */
const valuesPerWeight = 2;

/** The settings of a convolution without activation that only one node reads; null for other nodes. */
export function linearConvolution(graph: Emission, node: LazyNode): ConvolutionAttributes | null {
  if (node.name !== convolutionName || node.value !== null || graph.usesOf(node) !== 1) return null;
  const attributes = node.attributes as ConvolutionAttributes;
  return attributes.activation === 'linear' ? attributes : null;
}

/**
 * One value a channel that is added is the convolution's bias: one pass less over the result, and onnxruntime adds the activation after
 * it to the same kernel.
 */
export function emitBiasedConvolution(graph: Emission, node: LazyNode): boolean {
  const [a, b] = node.inputs as [LazyNode, LazyNode];
  return [
    [a, b],
    [b, a],
  ].some(([x, bias]) => {
    const attributes = x === undefined ? null : linearConvolution(graph, x);
    if (x === undefined || bias === undefined || attributes === null || attributes.bias) return false;
    const channels = x.shape[3] ?? 1;
    if (sizeOf(bias.shape) !== channels || bias.shape.at(-1) !== channels || bias.shape.length > 4) return false;
    graph.set(node, 'channelsFirst', convolveAll(graph, x, attributes, channelVector(graph, bias, channels)));
    return true;
  });
}

/** A batch normalization, as in prediction: filter and bias take its factor and its shift. */
export function emitScaledConvolution(graph: Emission, node: LazyNode): boolean {
  const inputs = batchNormInputs(node);
  const { x } = inputs;
  const attributes = linearConvolution(graph, x);
  if (attributes === null || !isPerChannel(inputs)) return false;
  const [, filter, bias] = x.inputs as [LazyNode, LazyNode, LazyNode?];
  if (sizeOf(x.shape) < valuesPerWeight * sizeOf(filter.shape)) return false;
  const channels = x.shape[3] ?? 1;
  const { factor, shift } = channelFactors(graph, inputs);
  const scaled = graph.op('Mul', [graph.get(filter, 'filtersFirst'), graph.reshape(factor, [channels, 1, 1, 1])]);
  const moved = bias
    ? graph.op('Add', [graph.op('Mul', [channelVector(graph, bias, channels), factor]), shift])
    : shift;
  graph.set(node, 'channelsFirst', convolve(graph, x, attributes, { filter: scaled, bias: moved, group: 1 }));
  return true;
}
