/**
 * onnxruntime's convolution kernels on blocked channels (NCHWc): [n, c / b, h, w, b] with b = 16 or 8 channels side by side, as a
 * vector register holds them. onnxruntime itself only uses them for constant filters; in training filters change, so they are
 * blocked in the graph. Faster where there are many more positions than filters to block.
 */
import type { OnnxGraph } from '../../graph/onnx-graph.js';
import { sizeOf } from '../../graph/shape.js';
import { blockedDomain, fromBlocks, toBlocks } from '../blocked-values.js';
import type { Window } from '../window.js';

/** Below this number of output positions, blocking the filters costs more than it gains. */
const fewestPositions = 1_000;

export interface BlockedShape {
  /** Of one group. */
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Output positions in the whole batch. */
  readonly positions: number;
  /** Default 1. */
  readonly groups?: number;
}

/** Whether a convolution of one group should run blocked. */
export function prefersBlocks(
  graph: OnnxGraph,
  { inputChannels, outputChannels, positions }: BlockedShape,
  { kernel }: Window,
): boolean {
  const { block } = graph.options;
  if (block === 0 || positions < fewestPositions || outputChannels % block !== 0) return false;
  // An image's few channels are read as they are, in NCHW.
  if (inputChannels < block) return kernel.some((size) => size > 1) && outputChannels >= 2 * block;
  return inputChannels % block === 0 && kernel.some((size) => size > 1);
}

/** A filter to be blocked. */
export interface BlockedFilter {
  readonly name: string;
  /** `filtersFirst`: [outputChannels, inputChannels, height, width], `plain`: [height, width, inputChannels, outputChannels]. */
  readonly layout: 'plain' | 'filtersFirst';
  /** Of the filter of which this is the transposed convolution: input and output channels change places, and it is turned by half a turn. */
  readonly flipped: boolean;
}

/** A filter with its kernel elements first, [height * width, inputChannels, outputChannels], which onnxruntime is fast at blocking. */
function elementsFirst(
  graph: OnnxGraph,
  { name, layout, flipped }: BlockedFilter,
  { inputChannels, outputChannels }: BlockedShape,
  area: number,
): string {
  if (!flipped) return name;
  const elements =
    layout === 'plain'
      ? graph.op('Transpose', [graph.reshape(name, [area, outputChannels, inputChannels])], { perm: [0, 2, 1] })
      : graph.op('Transpose', [graph.reshape(name, [inputChannels * outputChannels, area])], { perm: [1, 0] });
  const backwards = Array.from({ length: area }, (_, i) => area - 1 - i);
  return graph.op('Gather', [elements, graph.tensor('int32', backwards)], { axis: 0 });
}

function blockedFilter(graph: OnnxGraph, filter: BlockedFilter, shape: BlockedShape, area: number): string {
  const { block } = graph.options;
  const { inputChannels, outputChannels } = shape;
  if (filter.layout === 'plain' || filter.flipped) {
    const parts = [area, inputChannels / block, block, outputChannels / block, block];
    const elements = graph.reshape(elementsFirst(graph, filter, shape, area), parts);
    return graph.op('Transpose', [elements], { perm: [3, 1, 0, 2, 4] });
  }
  // In two steps, each of which onnxruntime has a fast transposition for.
  const outer = graph.reshape(filter.name, [outputChannels / block, block, inputChannels * area]);
  const inner = graph.op('Transpose', [outer], { perm: [0, 2, 1] });
  if (inputChannels < block) return inner;
  const parts = [(outputChannels / block) * (inputChannels / block), block, area, block];
  return graph.op('Transpose', [graph.reshape(inner, parts)], { perm: [0, 2, 1, 3] });
}

/**
 * A convolution of NCHW values by blocked kernels.
 * @param x name of the input
 * @param bias name of one value a channel, or null
 * @returns the result's name in NCHW
 */
export function blockedConvolution(
  graph: OnnxGraph,
  x: string,
  filter: BlockedFilter,
  bias: string | null,
  shape: BlockedShape,
  window: Window,
): string {
  const { block } = graph.options;
  const { inputChannels, outputChannels, groups = 1 } = shape;
  const { kernel, strides, dilations, pads } = window;
  const blocked = blockedFilter(graph, filter, shape, sizeOf(kernel));
  // An image's few channels are read as they are, in NCHW.
  const input = inputChannels < block ? x : toBlocks(graph, x);
  const attributes = { kernel_shape: kernel, strides, dilations, pads, ...(groups === 1 ? {} : { group: groups }) };
  const filters = graph.reshape(blocked, [outputChannels, inputChannels, ...kernel]);
  const inputs = [input, filters, ...(bias === null ? [] : [bias])];
  return fromBlocks(graph, graph.op('Conv', inputs, attributes, blockedDomain), outputChannels);
}
