/** Depthwise convolutions and their gradients: each channel has filters of its own. */
import { at } from '../../graph/at.js';
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { OnnxGraph } from '../../graph/onnx-graph.js';
import type { Operation } from '../../graph/operation.js';
import type { Window } from '../window.js';
import { padInput, transposedConvolutionNode } from './convolution-node.js';
import { type ConvolutionAttributes, convolve, emitConvolution } from './forward.js';
import { outputPadding } from './input-gradient.js';

/** A depthwise filter [height, width, channels, multiplier] as ONNX's [channels * multiplier, 1, height, width]. */
function depthwiseFilter(graph: Emission, filter: LazyNode): string {
  const [height = 1, width = 1, channels = 1, multiplier = 1] = filter.shape;
  return graph.reshape(graph.op('Transpose', [graph.get(filter)], { perm: [2, 3, 0, 1] }), [
    channels * multiplier,
    1,
    height,
    width,
  ]);
}

export const depthwiseConvolution: Operation<ConvolutionAttributes> = {
  name: 'DepthwiseConv2dNative',
  emit(graph, node, attributes) {
    const [, filter] = node.inputs as [LazyNode, LazyNode];
    const group = filter.shape[2] ?? 1;
    emitConvolution(graph, node, attributes, (bias) =>
      convolve(graph, node, attributes, { filter: depthwiseFilter(graph, filter), bias, group }),
    );
  },
};

/**
 * The part of a convolution's gradient that every window position shares: where element (i, j) of the kernel meets the input.
 * Rows i * dilation, i * dilation + stride, … of the padded input.
 */
function shifted(
  graph: OnnxGraph,
  padded: string,
  { strides, dilations }: Window,
  [i, j]: readonly [number, number],
  [height, width]: readonly [number, number],
): string {
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [top, left] = [i * (dilations[0] ?? 1), j * (dilations[1] ?? 1)];
  return graph.op('Slice', [
    padded,
    graph.ints([top, left]),
    graph.ints([top + (height - 1) * strideHeight + 1, left + (width - 1) * strideWidth + 1]),
    graph.ints([2, 3]),
    graph.ints([strideHeight, strideWidth]),
  ]);
}

export const depthwiseInputGradient: Operation<Window> = {
  name: 'DepthwiseConv2dNativeBackpropInput',
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    const missing = outputPadding(window, node.shape.slice(1, 3), dy.shape.slice(1, 3));
    const [, , channels = 1, multiplier = 1] = filter.shape;
    const names = [graph.get(dy, 'channelsFirst'), depthwiseFilter(graph, filter)] as const;
    const shape = { inputChannels: multiplier, outputChannels: 1, groups: channels };
    graph.set(node, 'channelsFirst', transposedConvolutionNode(graph, names, window, missing, shape));
  },
};

/** dW(i, j, c, m) = sum over images and positions of x(c) shifted by (i, j) times dy(c, m). */
export const depthwiseFilterGradient: Operation<Window> = {
  name: 'DepthwiseConv2dNativeBackpropFilter',
  emit(graph, node, attributes) {
    const [padded, dy] = node.inputs as [LazyNode, LazyNode];
    const { x, pads } = graph.reading(node.name, padded, attributes.pads);
    const [height = 1, width = 1, channels = 1, multiplier = 1] = node.shape;
    const [batch = 1, outHeight = 1, outWidth = 1] = dy.shape;
    const input = padInput(graph, graph.get(x, 'channelsFirst'), pads);
    const gradient = graph.reshape(graph.get(dy, 'channelsFirst'), [batch, channels, multiplier, outHeight * outWidth]);
    const parts: string[] = [];
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const part = graph.reshape(shifted(graph, input, attributes, [i, j], [outHeight, outWidth]), [
          batch,
          channels,
          1,
          outHeight * outWidth,
        ]);
        const sum = graph.op('ReduceSum', [graph.op('Mul', [part, gradient]), graph.ints([0, 3])], { keepdims: 0 });
        parts.push(graph.reshape(sum, [1, channels, multiplier]));
      }
    const all = parts.length === 1 ? at(parts, 0) : graph.op('Concat', parts, { axis: 0 });
    graph.set(node, 'plain', graph.reshape(all, node.shape));
  },
};
