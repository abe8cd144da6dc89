/** The gradient of a convolution with respect to its input. */
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { Operation } from '../../graph/operation.js';
import { sizeOf } from '../../graph/shape.js';
import { transposedProduct } from '../transposed-product.js';
import type { Window } from '../window.js';
import { blockedConvolution, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode, transposedConvolutionNode } from './convolution-node.js';
import { largeFilterInputGradient, staysPlain } from './large-filter.js';
import { columnsOf, paddedPixels } from './pixel-columns.js';

export const inputGradientName = 'Conv2DBackpropInput';

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
function turnedFilter(graph: Emission, filter: string, size: number): string {
  const swapped = graph.op('Transpose', [filter], { perm: [1, 0, 2, 3] });
  if (size === 1) return swapped;
  const backwards = graph.ints([-1, -1]);
  return graph.op('Slice', [swapped, backwards, graph.ints([-(2 ** 31), -(2 ** 31)]), graph.ints([2, 3]), backwards]);
}

/** Below this number of positions in the batch turning the filter costs more than it gains. */
const fewestPositions = 128;

/**
 * The convolution of dy with the turned filter as one matrix product for the whole batch: [positions, kernel area *
 * dy's channels] times [kernel area * dy's channels, dx's channels]. Where the filter is larger than the images it is then read once, and
 * only its kernel elements are set apart.
 */
function columnsProduct(
  graph: Emission,
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
  graph: Emission,
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

export const inputGradient: Operation<Window> = {
  name: inputGradientName,
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'channelsFirst', emitInputGradient(graph, dy, filter, node.shape, window));
  },
};
