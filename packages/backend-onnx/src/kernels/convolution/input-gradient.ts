/** Gradients of convolutions with respect to input and filter. */
import type { GraphBuilder } from '../../graph/graph-builder.js';
import type { LazyNode, Operation } from '../../graph/node.js';
import { sizeOf } from '../../graph/shape.js';
import { type KernelTable, required } from '../../tfjs/kernel.js';
import { transposedProduct } from '../transposed-product.js';
import { convolutionGeometry, type Window } from '../window.js';
import { blockedConvolution, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode, padInput, transposedConvolutionNode } from './convolution-node.js';
import { filterGradient } from './filter-gradient.js';
import { depthwiseFilter, unpadded } from './forward.js';
import { largeFilterInputGradient, staysPlain } from './large-filter.js';
import { columnsOf, paddedPixels } from './pixel-columns.js';

export const inputGradientName = 'Conv2DBackpropInput';

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

/** Extent of a kernel over the input, dilation included. */
const extentOf = ({ kernel, dilations }: Window, axis: number) =>
  ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;

/** How many rows or columns of the input no window reaches. */
export function outputPadding(window: Window, input: readonly number[], output: readonly number[]): number[] {
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

/** The padding of dy with which a convolution by the turned filter gives dx at stride 1. Negative where dx would be cut. */
export function turnedPads(window: Window): number[] {
  return window.pads.map((pad, side) => extentOf(window, side % 2) - 1 - pad);
}

/** A filter with its channels swapped and, where its kernel has more than one element, turned by half a turn. */
function turnedFilter(graph: GraphBuilder, filter: string, size: number): string {
  const swapped = graph.op('Transpose', [filter], { perm: [1, 0, 2, 3] });
  if (size === 1) return swapped;
  const backwards = graph.ints([-1, -1]);
  return graph.op('Slice', [swapped, backwards, graph.ints([-(2 ** 31), -(2 ** 31)]), graph.ints([2, 3]), backwards]);
}

/** Below this number of positions in the batch turning the filter costs more than it gains. */
const fewestPositions = 128;

/**
 * The convolution of dy with the turned filter as one matrix product for the whole batch: [positions, kernel area *
 * dy's channels] times [kernel area * dy's channels, dx's channels]. Where the filter is larger than the pictures it is then read once, and
 * only its kernel elements are set apart.
 */
function columnsProduct(
  graph: GraphBuilder,
  dy: LazyNode,
  filter: string,
  [batch = 1, height = 1, width = 1, channels = 1]: readonly number[],
  turned: Window,
): string {
  const area = sizeOf(turned.kernel);
  const inner = dy.shape[3] ?? 1;
  const pixels = paddedPixels(graph, dy, turned.pads);
  const columns = columnsOf(graph, pixels, { ...turned, output: [height, width], backwards: true }, batch);
  const elements = graph.op('Transpose', [graph.reshape(filter, [inner * channels, area])], { perm: [1, 0] });
  const product = graph.op('MatMul', [
    graph.reshape(columns, [batch * height * width, area * inner]),
    graph.reshape(elements, [area * inner, channels]),
  ]);
  return graph.op('Transpose', [graph.reshape(product, [batch, height, width, channels])], { perm: [0, 3, 1, 2] });
}

/**
 * dx = sum over kernel elements of dy shifted back, times the filter. At stride 1 that is a convolution of dy with the filter
 * turned and its channels swapped, which is faster than ONNX's ConvTranspose unless there are more weights than positions to turn.
 * @param shape of dx, NHWC
 * @returns name of dx in NCHW
 */
export function emitInputGradient(
  graph: GraphBuilder,
  dy: LazyNode,
  filter: LazyNode,
  shape: readonly number[],
  window: Window,
): string {
  const { kernel, strides, dilations, pads } = window;
  const [batch = 1, height = 1, width = 1, outputChannels = 1] = shape;
  const plain = staysPlain(graph, filter, dy.shape);
  const gradient = graph.get(dy, 'channelsFirst');
  const transposedPads = turnedPads(window);
  const missing = outputPadding(window, [height, width], dy.shape.slice(1, 3));
  const unitStride = strides.every((stride) => stride === 1) && missing.every((size) => size === 0);
  if (unitStride && transposedPads.every((pad) => pad >= 0)) {
    const turned = { kernel, strides, dilations, pads: transposedPads };
    const blocked = { inputChannels: dy.shape[3] ?? 1, outputChannels, positions: batch * height * width };
    if (blocked.inputChannels >= graph.options.block && prefersBlocks(graph, blocked, turned)) {
      const layout = plain ? 'plain' : 'filtersFirst';
      const flipped = { name: graph.get(filter, layout), layout, flipped: true } as const;
      return blockedConvolution(graph, gradient, flipped, null, blocked, turned);
    }
    if (plain) return largeFilterInputGradient(graph, { dy, filter, shape, window });
    const weights = graph.get(filter, 'filtersFirst');
    const size = sizeOf(kernel);
    if (size === 1 && pads.every((pad) => pad === 0)) {
      const matrix = graph.reshape(weights, [1, blocked.inputChannels, outputChannels]);
      const columns = graph.reshape(gradient, [batch, blocked.inputChannels, height * width]);
      const product = transposedProduct(
        graph,
        { name: matrix, rank: 3, transposed: true },
        { name: columns, rank: 3, transposed: false },
      );
      return graph.reshape(product, [batch, outputChannels, height, width]);
    }
    if (size === 1 || blocked.positions >= 2 * outputChannels)
      return convolutionNode(graph, [gradient, turnedFilter(graph, weights, size)], turned, {
        ...blocked,
        groups: 1,
        inputSize: dy.shape.slice(1, 3),
      });
    if (blocked.positions >= fewestPositions) return columnsProduct(graph, dy, weights, shape, turned);
  }
  if (plain) return largeFilterInputGradient(graph, { dy, filter, shape, window });
  const channels = { inputChannels: dy.shape[3] ?? 1, outputChannels, groups: 1 };
  const names = [gradient, graph.get(filter, 'filtersFirst')] as const;
  return transposedConvolutionNode(graph, names, window, missing, channels);
}

const inputGradient: Operation<Window> = {
  name: inputGradientName,
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'channelsFirst', emitInputGradient(graph, dy, filter, node.shape, window));
  },
};

/** The part of a value of rank 4 that a slice takes. */
export interface Cut {
  readonly shape: readonly number[];
  readonly begin: readonly number[];
}

/** The window that computes only this part of an input gradient of `shape`; null where batch or channels are cut. */
export function cutWindow(window: Window, whole: readonly number[], { shape, begin }: Cut): Window | null {
  if (shape[0] !== whole[0] || shape[3] !== whole[3]) return null;
  const [top = 0, left = 0, bottom = 0, right = 0] = window.pads;
  const after = [1, 2].map((axis) => (whole[axis] ?? 1) - (shape[axis] ?? 1) - (begin[axis] ?? 0));
  const pads = [top + (begin[1] ?? 0), left + (begin[2] ?? 0), bottom + (after[0] ?? 0), right + (after[1] ?? 0)];
  return { ...window, pads };
}

/**
 * The part of a convolution's input gradient that lies inside a padding of height and width, which is the gradient with respect to
 * the input before it was padded: the padding becomes the convolution's own, and what lies outside is never computed.
 * @param cut the part
 * @returns name of the part in NCHW, or null where `node` is something else
 */
export function emitInnerInputGradient(graph: GraphBuilder, node: LazyNode, cut: Cut): string | null {
  const [dy, filter] = node.inputs;
  if (node.name !== inputGradientName || node.value !== null || dy === undefined || filter === undefined) return null;
  const window = cutWindow(node.attributes as Window, node.shape, cut);
  return window === null ? null : emitInputGradient(graph, dy, filter, cut.shape, window);
}

const depthwiseInputGradient: Operation<Window> = {
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
        ? convolutionGeometry(shape, other.shape, attributes, depthwise, dy.shape)
        : convolutionGeometry(other.shape, shape, attributes, depthwise, dy.shape);
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
