/** Convolutions forward: plain, depthwise, and as tfjs fuses them with bias and activation. */

import { at } from '../../graph/at.js';
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { Operation } from '../../graph/operation.js';
import { sizeOf } from '../../graph/shape.js';
import { type Activation, activate } from '../activation.js';
import type { Window } from '../window.js';
import { blockedConvolution, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode } from './convolution-node.js';
import { largeFilterConvolution, staysPlain } from './large-filter.js';

export type ConvolutionAttributes = Window & { bias: boolean; activation: Activation; alpha: number };

/** One value a channel, whatever the bias's shape. */
export function channelVector(graph: Emission, node: LazyNode, channels: number): string {
  const name = graph.get(node);
  if (sizeOf(node.shape) !== channels) return graph.op('Expand', [graph.reshape(name, [1]), graph.ints([channels])]);
  return node.shape.length === 1 ? name : graph.reshape(name, [channels]);
}

/** What a convolution reads, and its window. */
function readBy(
  graph: Emission,
  node: LazyNode,
  { kernel, strides, dilations, pads: own }: ConvolutionAttributes,
): { x: LazyNode; window: Window } {
  const { x, pads } = graph.reading(node.name, at(node.inputs, 0), own);
  return { x, window: { kernel, strides, dilations, pads } };
}

/**
 * The convolution alone, in NCHW.
 * @param operands.filter name of the filter as [outputs, inputs / group, height, width]
 * @param operands.bias name of one value a channel, or null
 */
export function convolve(
  graph: Emission,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  { filter, bias, group }: { filter: string; bias: string | null; group: number },
): string {
  const { x, window } = readBy(graph, node, attributes);
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
export function emitConvolution(
  graph: Emission,
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

export const convolutionName = 'Conv2D';

/** A convolution of one group, in NCHW, given the name of one bias a channel, or null. */
export function convolveAll(
  graph: Emission,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  bias: string | null,
): string {
  const [, filter] = node.inputs as [LazyNode, LazyNode];
  return staysPlain(graph, filter, node.shape)
    ? largeFilterConvolution(graph, { ...readBy(graph, node, attributes), filter, bias, output: node.shape })
    : convolve(graph, node, attributes, { filter: graph.get(filter, 'filtersFirst'), bias, group: 1 });
}

export const convolution: Operation<ConvolutionAttributes> = {
  name: convolutionName,
  emit(graph, node, attributes) {
    emitConvolution(graph, node, attributes, (bias) => convolveAll(graph, node, attributes, bias));
  },
};
