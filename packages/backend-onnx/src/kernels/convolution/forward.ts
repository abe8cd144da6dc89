/** Convolutions forward: plain, depthwise, and as tfjs fuses them with bias and activation. */

import { at } from '../../graph/at.js';
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { Operation } from '../../graph/operation.js';
import { sizeOf } from '../../graph/shape.js';
import { type Activation, activate } from '../activation.js';
import type { Window } from '../window.js';
import { type BlockedShape, blockedConvolution, canUseBlocks, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode } from './convolution-node.js';
import { type ConvolutionShapes, emitByForm, type FormContext, type FormTable } from './forms.js';
import { largeFilterConvolution, prefersColumns, staysPlain } from './large-filter.js';

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

/** What the forms of a convolution are told. */
interface ForwardContext extends FormContext {
  readonly x: LazyNode;
  /** Name of the filter, in `filterLayout`. */
  readonly filterName: string;
  /** Name of one value a channel, or null. */
  readonly bias: string | null;
}

function blockedShape({ input, output }: ConvolutionShapes): BlockedShape {
  const [batch = 1, height = 1, width = 1, outputChannels = 1] = output;
  return { inputChannels: input[3] ?? 1, outputChannels, positions: batch * height * width };
}

/** The forms of a convolution of one group. */
export const forwardForms: FormTable<ForwardContext> = {
  role: 'forward',
  forms: [
    {
      // onnxruntime's kernels on blocks of channels
      name: 'blocked',
      possible: (context) => canUseBlocks(context.graph, blockedShape(context), context.filterLayout),
      emit(context) {
        const { graph, x, filterName, filterLayout, bias, window } = context;
        const filter = { name: filterName, layout: filterLayout, flipped: false } as const;
        const input = graph.get(x, 'channelsFirst');
        const name = blockedConvolution(graph, input, filter, bias, blockedShape(context), window);
        return { name, layout: 'channelsFirst' };
      },
    },
    {
      // ONNX's Conv
      name: 'convolution',
      possible: ({ filterLayout }) => filterLayout === 'filtersFirst',
      emit({ graph, x, filterName, bias, window, input, output }) {
        const names = [graph.get(x, 'channelsFirst'), filterName, ...(bias === null ? [] : [bias])];
        const channels = { inputChannels: input[3] ?? 1, outputChannels: output[3] ?? 1, groups: 1 };
        const name = convolutionNode(graph, names, window, { ...channels, inputSize: input.slice(1, 3) });
        return { name, layout: 'channelsFirst' };
      },
    },
    {
      // What the windows see, as columns of a matrix
      name: 'columns',
      possible: ({ filterLayout }) => filterLayout === 'plain',
      emit: (context) => ({ name: largeFilterConvolution(context), layout: 'channelsFirst' }),
    },
  ],
  rule(context) {
    const { graph, filterLayout, window } = context;
    const shape = blockedShape(context);
    if (filterLayout === 'plain')
      return prefersColumns(shape.positions) || !canUseBlocks(graph, shape, 'plain') ? 'columns' : 'blocked';
    return prefersBlocks(graph, shape, window) ? 'blocked' : 'convolution';
  },
  operands: ({ input, filter, filterLayout }) => [
    { shape: input, layout: 'channelsFirst' },
    { shape: filter, layout: filterLayout },
  ],
  result: ({ output }) => ({ shape: output, layout: 'channelsFirst' }),
  contextOf: (context, [x, filter]) => ({
    ...context,
    x,
    filterName: context.graph.get(filter, context.filterLayout),
    bias: null,
  }),
};

/** A convolution of one group. */
function convolveInOneGroup(
  graph: Emission,
  node: LazyNode,
  attributes: ConvolutionAttributes,
  filter: { readonly name: string; readonly layout: ConvolutionShapes['filterLayout'] },
  bias: string | null,
): string {
  const { x, window } = readBy(graph, node, attributes);
  const [, weights] = node.inputs as [LazyNode, LazyNode];
  return emitByForm(forwardForms, {
    graph,
    window,
    input: x.shape,
    filter: weights.shape,
    output: node.shape,
    filterLayout: filter.layout,
    x,
    filterName: filter.name,
    bias,
  }).name;
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
  if (group === 1) return convolveInOneGroup(graph, node, attributes, { name: filter, layout: 'filtersFirst' }, bias);
  const { x, window } = readBy(graph, node, attributes);
  const names = [graph.get(x, 'channelsFirst'), filter, ...(bias === null ? [] : [bias])];
  return convolutionNode(graph, names, window, {
    inputChannels: (x.shape[3] ?? 1) / group,
    outputChannels: (node.shape[3] ?? 1) / group,
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
  const layout = staysPlain(graph, filter, node.shape) ? 'plain' : 'filtersFirst';
  return convolveInOneGroup(graph, node, attributes, { name: graph.get(filter, layout), layout }, bias);
}

export const convolution: Operation<ConvolutionAttributes> = {
  name: convolutionName,
  emit(graph, node, attributes) {
    emitConvolution(graph, node, attributes, (bias) => convolveAll(graph, node, attributes, bias));
  },
};
