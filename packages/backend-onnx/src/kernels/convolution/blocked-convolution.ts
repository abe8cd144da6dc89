/**
 * onnxruntime's convolution kernels on blocked channels (NCHWc): [n, c / b, h, w, b] with b = 16 or 8 channels side by side, as a
 * vector register holds them. onnxruntime itself only uses them for constant filters; in training filters change, so they are
 * blocked in the graph. Faster where there are many more positions than filters to block.
 *
 * Channels that fill no last block are filled up with zeros, which cost as much as others.
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

/**
 * With zeros there may be this many times the channels. onnxruntime's other kernels write out what each window sees, which pays off for many
 * output channels only. Filled up to 32, the input gradient of a 5x5 convolution from 24 channels (8 images of 14x14) took 1.4 ms instead of 6.9, on a busy
 * machine.
 */
const mostFilledUp = 1.5;
/** The same where there is a single block of output channels. LeNet-5's second input gradient, 6 channels filled up to 16, took 8.2 ms instead of 17.2. */
const mostOfOneBlock = 3;

/** ReorderInput takes no other numbers of channels. */
const blockedInputMultiple = 4;

/** Channels in whole blocks. */
function wholeBlocks(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/**
 * Whether a convolution of one group can run blocked.
 * @param layout of its filter
 */
export function canUseBlocks(
  graph: OnnxGraph,
  { inputChannels, outputChannels }: BlockedShape,
  layout: BlockedFilter['layout'],
): boolean {
  const { block } = graph.options;
  if (block === 0) return false;
  if (inputChannels < block) return layout === 'filtersFirst' && outputChannels % block === 0;
  return inputChannels % blockedInputMultiple === 0;
}

/** Whether a rule on the shapes says that a convolution should run blocked. */
export function prefersBlocks(
  graph: OnnxGraph,
  { inputChannels, outputChannels, positions, groups = 1 }: BlockedShape,
  { kernel }: Window,
): boolean {
  const { block } = graph.options;
  if (block === 0 || positions < fewestPositions || kernel.every((size) => size === 1)) return false;
  const outputs = wholeBlocks(outputChannels, block);
  // An image's few channels are read as they are, in NCHW.
  if (inputChannels < block) return outputs === outputChannels && outputs >= 2 * block;
  const inputs = wholeBlocks(inputChannels, block);
  if (groups > 1) return inputs === inputChannels && outputs === outputChannels;
  if (inputChannels % blockedInputMultiple !== 0) return false;
  const mostOutputs = (outputs === block ? mostOfOneBlock : mostFilledUp) * outputChannels;
  return inputs <= mostFilledUp * inputChannels && outputs <= mostOutputs;
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

/** A filter with zeros for the channels that fill up blocks. */
function filledUp(
  graph: OnnxGraph,
  { name, layout, flipped }: BlockedFilter,
  inputs: number,
  outputs: number,
): BlockedFilter {
  const channels = flipped ? [inputs, outputs] : [outputs, inputs];
  const ends = layout === 'plain' ? [0, 0, ...channels.toReversed()] : [...channels, 0, 0];
  return { name: graph.op('Pad', [name, graph.ints([0, 0, 0, 0, ...ends])]), layout, flipped };
}

function blockedFilter(graph: OnnxGraph, filter: BlockedFilter, shape: BlockedShape, area: number): string {
  const { block } = graph.options;
  const { inputChannels, outputChannels } = shape;
  if (filter.layout === 'plain' || filter.flipped) {
    const parts = [area, inputChannels / block, block, outputChannels / block, block];
    const elements = graph.reshape(elementsFirst(graph, filter, shape, area), parts);
    return graph.op('Transpose', [elements], { perm: [3, 1, 0, 2, 4] });
  }
  // The filter's blocks are those of images whose pixels are its input channels and elements, which onnxruntime makes faster than by transposing.
  const inner = toBlocks(graph, graph.reshape(filter.name, [outputChannels / block, block, inputChannels * area, 1]));
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
  const { groups = 1 } = shape;
  const { kernel, strides, dilations, pads } = window;
  // An image's few channels are read as they are, in NCHW.
  const few = shape.inputChannels < block;
  const inputChannels = few ? shape.inputChannels : wholeBlocks(shape.inputChannels, block);
  const outputChannels = wholeBlocks(shape.outputChannels, block);
  const [moreInputs, moreOutputs] = [inputChannels - shape.inputChannels, outputChannels - shape.outputChannels];
  const whole = moreInputs + moreOutputs === 0 ? filter : filledUp(graph, filter, moreInputs, moreOutputs);
  const blocked = blockedFilter(graph, whole, { ...shape, inputChannels, outputChannels }, sizeOf(kernel));
  const input = few ? x : toBlocks(graph, x);
  const attributes = { kernel_shape: kernel, strides, dilations, pads, ...(groups === 1 ? {} : { group: groups }) };
  const filters = graph.reshape(blocked, [outputChannels, inputChannels, ...kernel]);
  const inputs = [input, filters];
  if (bias !== null) inputs.push(moreOutputs === 0 ? bias : graph.op('Pad', [bias, graph.ints([0, moreOutputs])]));
  return fromBlocks(graph, graph.op('Conv', inputs, attributes, blockedDomain), shape.outputChannels);
}
