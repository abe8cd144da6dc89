/** Gradients of convolutions with respect to input and filter. */
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { LazyNode, Operation } from '../graph/node.js';
import { depthwiseFilter, unpadded } from './convolution.js';
import { convolutionGeometry, type Window } from './convolution-geometry.js';
import { type KernelTable, required } from './registry.js';

/**
 * The part of a convolution's gradient that every window position shares: where element (i, j) of the kernel meets the input.
 * Rows i * dilation, i * dilation + stride, … of the padded input.
 */
function shifted(
  graph: GraphBuilder,
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

function padInput(graph: GraphBuilder, x: string, pads: readonly number[]): string {
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  return pads.every((size) => size === 0)
    ? x
    : graph.op('Pad', [x, graph.ints([0, 0, top, left, 0, 0, bottom, right])]);
}

/** Extent of a kernel over the input, dilation included. */
const extentOf = ({ kernel, dilations }: Window, axis: number) =>
  ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;

/** How many rows or columns of the input no window reaches. */
function outputPadding(window: Window, input: readonly number[], output: readonly number[]): number[] {
  const { strides, pads } = window;
  return [0, 1].map((axis) => {
    const reached =
      ((output[axis] ?? 1) - 1) * (strides[axis] ?? 1) +
      extentOf(window, axis) -
      (pads[axis] ?? 0) -
      (pads[axis + 2] ?? 0);
    return Math.max(0, (input[axis] ?? 1) - reached);
  });
}

/**
 * dx = sum over kernel elements of dy shifted back, times the filter. At stride 1 that is a convolution of dy with the filter
 * flipped and its channels swapped, which is faster than ONNX's ConvTranspose.
 */
const inputGradient: Operation<Window> = {
  name: 'Conv2DBackpropInput',
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    const { kernel, strides, dilations, pads } = window;
    const gradient = graph.get(dy, 'channelsFirst');
    const weights = graph.get(filter, 'filtersFirst');
    const transposedPads = pads.map((pad, side) => extentOf(window, side % 2) - 1 - pad);
    const output = dy.shape.slice(1, 3);
    const missing = outputPadding(window, node.shape.slice(1, 3), output);
    if (
      strides.every((stride) => stride === 1) &&
      transposedPads.every((pad) => pad >= 0) &&
      missing.every((size) => size === 0)
    ) {
      let flipped = graph.op('Transpose', [weights], { perm: [1, 0, 2, 3] });
      if (kernel.some((size) => size > 1))
        flipped = graph.op('Slice', [
          flipped,
          graph.ints([-1, -1]),
          graph.ints([-(2 ** 31), -(2 ** 31)]),
          graph.ints([2, 3]),
          graph.ints([-1, -1]),
        ]);
      graph.set(
        node,
        'channelsFirst',
        graph.op('Conv', [gradient, flipped], {
          kernel_shape: kernel,
          strides: [1, 1],
          dilations,
          pads: transposedPads,
        }),
      );
      return;
    }
    const attributes = { kernel_shape: kernel, strides, dilations, pads, output_padding: missing };
    graph.set(node, 'channelsFirst', graph.op('ConvTranspose', [gradient, weights], attributes));
  },
};

/** dW = im2col(x) dy^T, one matrix product a picture, summed over pictures. */
const filterGradient: Operation<Window> = {
  name: 'Conv2DBackpropFilter',
  emit(graph, node, attributes) {
    const [padded, dy] = node.inputs as [LazyNode, LazyNode];
    const { x, pads } = unpadded(padded, 0, attributes.pads);
    const [height = 1, width = 1, inputChannels = 1, outputChannels = 1] = node.shape;
    const [batch = 1, outHeight = 1, outWidth = 1] = dy.shape;
    const positions = outHeight * outWidth;
    const input = padInput(graph, graph.get(x, 'channelsFirst'), pads);
    const pointwise = height * width === 1 && attributes.strides.every((stride) => stride === 1);
    let columns: string;
    if (pointwise) columns = graph.reshape(input, [batch, inputChannels, positions]);
    else {
      const parts: string[] = [];
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++)
          parts.push(
            graph.reshape(shifted(graph, input, attributes, [i, j], [outHeight, outWidth]), [
              batch,
              inputChannels,
              1,
              positions,
            ]),
          );
      const [only = ''] = parts;
      columns = graph.reshape(parts.length === 1 ? only : graph.op('Concat', parts, { axis: 2 }), [
        batch,
        inputChannels * height * width,
        positions,
      ]);
    }
    const gradient = graph.reshape(graph.get(dy, 'channelsFirst'), [batch, outputChannels, positions]);
    const products = graph.op('FusedMatMul', [gradient, columns], { transA: 0, transB: 1 }, 'com.microsoft');
    const sum = graph.op('ReduceSum', [products, graph.ints([0])], { keepdims: 0 });
    graph.set(node, 'filtersFirst', graph.reshape(sum, [outputChannels, inputChannels, height, width]));
  },
};

const depthwiseInputGradient: Operation<Window> = {
  name: 'DepthwiseConv2dNativeBackpropInput',
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    const { kernel, strides, dilations, pads } = window;
    const missing = outputPadding(window, node.shape.slice(1, 3), dy.shape.slice(1, 3));
    const attributes = {
      kernel_shape: kernel,
      strides,
      dilations,
      pads,
      output_padding: missing,
      group: filter.shape[2] ?? 1,
    };
    graph.set(
      node,
      'channelsFirst',
      graph.op('ConvTranspose', [graph.get(dy, 'channelsFirst'), depthwiseFilter(graph, filter)], attributes),
    );
  },
};

/** dW(i, j, c, m) = sum over pictures and positions of x(c) shifted by (i, j) times dy(c, m). */
const depthwiseFilterGradient: Operation<Window> = {
  name: 'DepthwiseConv2dNativeBackpropFilter',
  emit(graph, node, attributes) {
    const [padded, dy] = node.inputs as [LazyNode, LazyNode];
    const { x, pads } = unpadded(padded, 0, attributes.pads);
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
    const all = parts.length === 1 ? (parts[0] ?? '') : graph.op('Concat', parts, { axis: 0 });
    graph.set(node, 'plain', graph.reshape(all, node.shape));
  },
};

function gradientKernel(operation: Operation<Window>, of: 'input' | 'filter', depthwise: boolean): KernelTable[string] {
  return (backend, inputs, attributes) => {
    const dy = required(inputs, 'dy');
    const other = required(inputs, of === 'input' ? 'filter' : 'x');
    const shape = attributes[of === 'input' ? 'inputShape' : 'filterShape'] as number[];
    if (dy.dtype !== 'float32' || other.dtype !== 'float32' || dy.shape.length !== 4) return null;
    const geometry =
      of === 'input'
        ? convolutionGeometry(shape, other.shape, attributes, depthwise)
        : convolutionGeometry(other.shape, shape, attributes, depthwise);
    if (geometry === null || dy.shape.includes(0) || dy.shape.join() !== geometry.outputShape.join()) return null;
    return backend.record(operation, of === 'input' ? [dy, other] : [other, dy], shape, 'float32', geometry.window);
  };
}

export const convolutionGradientKernels: KernelTable = {
  Conv2DBackpropInput: gradientKernel(inputGradient, 'input', false),
  Conv2DBackpropFilter: gradientKernel(filterGradient, 'filter', false),
  DepthwiseConv2dNativeBackpropInput: gradientKernel(depthwiseInputGradient, 'input', true),
  DepthwiseConv2dNativeBackpropFilter: gradientKernel(depthwiseFilterGradient, 'filter', true),
};
