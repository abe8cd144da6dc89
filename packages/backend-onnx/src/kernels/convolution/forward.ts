/** Convolutions forward: plain, depthwise, fused with bias and activation. A zero padding before one becomes its own padding. */

import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphBuilder } from '../../graph/graph-builder.js';
import type { LazyNode, Operation } from '../../graph/node.js';
import { sizeOf } from '../../graph/shape.js';
import type { OnnxBackend } from '../../tfjs/backend.js';
import { type Kernel, type KernelTable, required } from '../../tfjs/kernel.js';
import { type Activation, activate, activationOf } from '../activation.js';
import { convolutionGeometry, type Window } from '../window.js';
import { blockedConvolution, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode } from './convolution-node.js';
import { largeFilterConvolution, staysPlain } from './large-filter.js';

export type ConvolutionAttributes = Window & { bias: boolean; activation: Activation; alpha: number };

/** An input and the padding around it, where the input is the result of padding height and width with a value. */
export function unpadded(
  x: LazyNode,
  value: number,
  pads: readonly number[],
): { x: LazyNode; pads: readonly number[] } {
  const [inner] = x.inputs;
  const {
    before,
    after,
    value: padded,
  } = x.attributes as { before?: readonly number[]; after?: readonly number[]; value?: number };
  if (x.name !== 'PadV2' || x.value !== null || inner === undefined || before === undefined || after === undefined)
    return { x, pads };
  const others = [before[0], before[3], after[0], after[3]];
  // Max pooling pads with -Infinity by itself; the lowest float is written by some for it.
  const sameValue = padded === value || (value === -Infinity && padded !== undefined && padded <= -3.4e38);
  if (x.shape.length !== 4 || !sameValue || others.some((size) => size !== 0)) return { x, pads };
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  return {
    x: inner,
    pads: [top + (before[1] ?? 0), left + (before[2] ?? 0), bottom + (after[1] ?? 0), right + (after[2] ?? 0)],
  };
}

/** One value a channel, whatever the bias's shape. */
function channelVector(graph: GraphBuilder, node: LazyNode, channels: number): string {
  const name = graph.get(node);
  if (sizeOf(node.shape) !== channels) return graph.op('Expand', [graph.reshape(name, [1]), graph.ints([channels])]);
  return node.shape.length === 1 ? name : graph.reshape(name, [channels]);
}

/** What a convolution reads, and its window, which a zero padding before it belongs to. */
function readBy(node: LazyNode, attributes: ConvolutionAttributes): { x: LazyNode; window: Window } {
  const [padded] = node.inputs as [LazyNode];
  const { x, pads } = unpadded(padded, 0, attributes.pads);
  return {
    x,
    window: { kernel: attributes.kernel, strides: attributes.strides, dilations: attributes.dilations, pads },
  };
}

/**
 * The convolution alone, in NCHW.
 * @param operands.filter name of the filter as [outputs, inputs / group, height, width]
 * @param operands.bias name of one value a channel, or null
 */
export function convolve(
  graph: GraphBuilder,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  { filter, bias, group }: { filter: string; bias: string | null; group: number },
): string {
  const { x, window } = readBy(node, attributes);
  const input = graph.get(x, 'channelsFirst');
  const [batch = 1, height = 1, width = 1, outputChannels = 1] = node.shape;
  const blocked = { inputChannels: x.shape[3] ?? 1, outputChannels, positions: batch * height * width };
  return group === 1 && prefersBlocks(graph, blocked, window)
    ? blockedConvolution(graph, input, { name: filter, layout: 'filtersFirst', flipped: false }, bias, blocked, window)
    : convolutionNode(graph, [input, filter, ...(bias === null ? [] : [bias])], window, {
        inputChannels: (x.shape[3] ?? 1) / group,
        outputChannels: outputChannels / group,
        groups: group,
        inputSize: x.shape.slice(1, 3),
      });
}

/** @param convolved the convolution in NCHW, given the name of one bias a channel, or null */
function emitConvolution(
  graph: GraphBuilder,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  convolved: (bias: string | null) => string,
): void {
  const [, , third, fourth] = node.inputs as [LazyNode, LazyNode, LazyNode?, LazyNode?];
  const [bias, weights] = attributes.bias ? [third, fourth] : [undefined, third];
  const vector = bias ? channelVector(graph, bias, node.shape[3] ?? 1) : null;
  const result = convolved(vector);
  const slopes = weights ? graph.operand(weights, 'channelsFirst') : null;
  graph.set(
    node,
    'channelsFirst',
    activate(graph, attributes.activation, result, { alpha: attributes.alpha, weights: slopes }),
  );
}

/**
 * scale * convolution + shift, one value a channel, as one convolution: filter and bias take the scale. That is batch
 * normalization in prediction, where nothing else reads the convolution. It pays where there are more values than weights.
 * @returns its name in NCHW, or null where `node` is something else
 */
export function emitScaledConvolution(
  graph: GraphBuilder,
  node: LazyNode,
  scale: string,
  shift: string,
): string | null {
  const attributes = node.attributes as ConvolutionAttributes;
  if (node.name !== convolutionName || node.value !== null || graph.usesOf(node) !== 1) return null;
  if (attributes.activation !== 'linear') return null;
  const [, filter, bias] = node.inputs as [LazyNode, LazyNode, LazyNode?];
  if (sizeOf(node.shape) < 2 * sizeOf(filter.shape)) return null;
  const channels = node.shape[3] ?? 1;
  const scaled = graph.op('Mul', [graph.get(filter, 'filtersFirst'), graph.reshape(scale, [channels, 1, 1, 1])]);
  const moved = bias ? graph.op('Add', [graph.op('Mul', [channelVector(graph, bias, channels), scale]), shift]) : shift;
  return convolve(graph, node, attributes, { filter: scaled, bias: moved, group: 1 });
}

export const convolutionName = 'Conv2D';

/** A convolution of one group, in NCHW, given the name of one bias a channel, or null. */
function convolveAll(
  graph: GraphBuilder,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  bias: string | null,
): string {
  const [, filter] = node.inputs as [LazyNode, LazyNode];
  return staysPlain(graph, filter, node.shape)
    ? largeFilterConvolution(graph, { ...readBy(node, attributes), filter, bias, output: node.shape })
    : convolve(graph, node, attributes, { filter: graph.get(filter, 'filtersFirst'), bias, group: 1 });
}

export const convolution: Operation<ConvolutionAttributes> = {
  name: convolutionName,
  emit(graph, node, attributes) {
    emitConvolution(graph, node, attributes, (bias) => convolveAll(graph, node, attributes, bias));
  },
};

/**
 * convolution + bias, where the bias is one value a channel and nothing else reads the convolution, as the convolution's own: one
 * pass less over the result, and onnxruntime adds the activation after it to the same kernel.
 * @returns its name in NCHW, or null where `node` is something else
 */
export function emitBiasedConvolution(graph: GraphBuilder, node: LazyNode, bias: LazyNode): string | null {
  const attributes = node.attributes as ConvolutionAttributes;
  if (node.name !== convolutionName || node.value !== null || graph.usesOf(node) !== 1) return null;
  if (attributes.activation !== 'linear' || attributes.bias) return null;
  const channels = node.shape[3] ?? 1;
  if (sizeOf(bias.shape) !== channels || bias.shape.at(-1) !== channels || bias.shape.length > 4) return null;
  return convolveAll(graph, node, attributes, channelVector(graph, bias, channels));
}

/** A depthwise filter [height, width, channels, multiplier] as ONNX's [channels * multiplier, 1, height, width]. */
export function depthwiseFilter(graph: GraphBuilder, filter: LazyNode): string {
  const [height = 1, width = 1, channels = 1, multiplier = 1] = filter.shape;
  return graph.reshape(graph.op('Transpose', [graph.get(filter)], { perm: [2, 3, 0, 1] }), [
    channels * multiplier,
    1,
    height,
    width,
  ]);
}

const depthwiseConvolution: Operation<ConvolutionAttributes> = {
  name: 'DepthwiseConv2dNative',
  emit(graph, node, attributes) {
    const [, filter] = node.inputs as [LazyNode, LazyNode];
    const group = filter.shape[2] ?? 1;
    emitConvolution(graph, node, attributes, (bias) =>
      convolve(graph, node, attributes, { filter: depthwiseFilter(graph, filter), bias, group }),
    );
  },
};

function record(
  backend: OnnxBackend,
  operation: Operation<ConvolutionAttributes>,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
  depthwise: boolean,
): TensorInfo | null {
  const [x, filter] = [required(inputs, 'x'), required(inputs, 'filter')];
  if (x.dtype !== 'float32' || filter.dtype !== 'float32' || x.shape.length !== 4) return null;
  const geometry = convolutionGeometry(x.shape, filter.shape, attributes, depthwise);
  if (geometry === null) return null;
  const { kernel, strides, dilations, pads } = geometry.window;
  const { bias, preluActivationWeights: weights } = inputs as Record<string, TensorInfo | undefined>;
  const operands = [x, filter];
  if (bias) operands.push(bias);
  if (weights) operands.push(weights);
  return backend.record(
    operation,
    operands,
    geometry.outputShape,
    'float32',
    // Not `...geometry.window`: V8 would make a hidden class for each of these objects, garbage that only a major collection finds.
    {
      kernel,
      strides,
      dilations,
      pads,
      bias: bias != null,
      activation: activationOf(attributes),
      alpha: (attributes['leakyreluAlpha'] as number | undefined) ?? 0,
    },
  );
}

const plain: Kernel = (backend, inputs, attributes) => record(backend, convolution, inputs, attributes, false);
const depthwise: Kernel = (backend, inputs, attributes) => {
  const dilations = attributes['dilations'] as number | [number, number] | undefined;
  const strides = attributes['strides'] as number | [number, number];
  tf.util.assert(
    tf.backend_util.eitherStridesOrDilationsAreOne(strides, dilations ?? 1),
    () =>
      `Error in depthwiseConv2d: Either strides or dilations must be 1. Got strides ${strides} and dilations '${dilations}'`,
  );
  return record(backend, depthwiseConvolution, inputs, attributes, true);
};

export const convolutionKernels: KernelTable = {
  Conv2D: plain,
  FusedConv2D: plain,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: depthwise,
};
