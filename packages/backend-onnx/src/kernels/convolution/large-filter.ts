/**
 * Convolutions whose filter is larger than the images, such as 3x3 of 512 channels at 7x7 pixels: reordering the filter for
 * convolution kernels takes longer there than gathering what the windows see. So forward and backward are one matrix product each with the filter as
 * tfjs stores it, [kernel area * inputChannels, outputChannels], and it keeps that layout from step to step:
 *
 *   y = columns(x) W,  dW = columns(x)^T dy,  dx = sum of the rows of dy W^T that belong to a pixel
 *
 * Against onnxruntime's convolutions (8 images of 7x7, 512 channels, two AVX-512 cores): forward 6.0 for 7.5 ms, dx 6.0 for 7.0, dW 7.5 for 9.3.
 */
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import { sizeOf } from '../../graph/shape.js';
import { transposedProduct } from '../transposed-product.js';
import type { Window } from '../window.js';
import { sumInChunks } from './image-chunks.js';
import { columnsOf, type Pixels, paddedPixels } from './pixel-columns.js';

/** Weights of one output channel for each position of an image from which on a filter is large. */
const weightsPerPosition = 10;

/** From this number of positions in a batch on, blocked convolutions are faster, and reordering the filter matters less. */
const mostPositions = 1_000;

/**
 * Whether the filter's gradient is made in tfjs's layout, and the filter therefore stays in it. Not a matter of the batch: a last
 * partial batch finds the filter as the others left it.
 * @param positions height * width of the output
 */
export function isLargeFilter(graph: Emission, filter: readonly number[], positions: number): boolean {
  const [height = 1, width = 1, inputChannels = 1] = filter;
  const area = height * width;
  return graph.options.block > 0 && area > 1 && area * inputChannels > weightsPerPosition * positions;
}

/** Whether a convolution and its input's gradient take a filter as it is stored. `output` is the convolution's shape, NHWC. */
export function staysPlain(graph: Emission, filter: LazyNode, output: readonly number[]): boolean {
  const [, , inputChannels = 1, outputChannels = 1] = filter.shape;
  const [batch = 1, height = 1, width = 1] = output;
  if (graph.layoutOf(filter) !== 'plain' || !isLargeFilter(graph, filter.shape, height * width)) return false;
  const { block } = graph.options;
  return prefersColumns(batch * height * width) || (inputChannels % block === 0 && outputChannels % block === 0);
}

/** Whether a rule on the number of positions in a batch says that columns are faster than blocked convolutions. */
export function prefersColumns(positions: number): boolean {
  return positions < mostPositions;
}

/** A filter of this shape in tfjs's layout as [kernel area * inputChannels, outputChannels]. */
function filterMatrix(graph: Emission, filter: string, shape: readonly number[]): string {
  const outputChannels = shape[3] ?? 1;
  return graph.reshape(filter, [sizeOf(shape) / outputChannels, outputChannels]);
}

/** What the windows see: [positions of these images, kernel area * inputChannels]. */
function columnsMatrix(
  graph: Emission,
  pixels: Pixels,
  window: Window,
  [pictures, height, width]: readonly [number, number, number],
): string {
  const columns = columnsOf(graph, pixels, { ...window, output: [height, width] }, pictures);
  return graph.reshape(columns, [pictures * height * width, sizeOf(window.kernel) * pixels.channels]);
}

interface Forward {
  readonly graph: Emission;
  readonly x: LazyNode;
  /** Name of the filter in tfjs's layout. */
  readonly filterName: string;
  /** Shape of the filter, HWIO. */
  readonly filter: readonly number[];
  /** Name of one value a channel. */
  readonly bias: string | null;
  readonly window: Window;
  /** Shape of y, NHWC. */
  readonly output: readonly number[];
}

/** @returns the name of y in NCHW */
export function largeFilterConvolution({ graph, x, filterName, filter, bias, window, output }: Forward): string {
  const [batch = 1, height = 1, width = 1] = output;
  const columns = columnsMatrix(graph, paddedPixels(graph, x, window.pads), window, [batch, height, width]);
  const product = graph.op('MatMul', [columns, filterMatrix(graph, filterName, filter)]);
  const pixels = graph.reshape(bias === null ? product : graph.op('Add', [product, bias]), output);
  return graph.op('Transpose', [pixels], { perm: [0, 3, 1, 2] });
}

/** @returns the name of dW in tfjs's layout */
export function largeFilterGradient(graph: Emission, x: LazyNode, dy: LazyNode, window: Window): string {
  const [batch = 1, height = 1, width = 1, outputChannels = 1] = dy.shape;
  const pixels = paddedPixels(graph, x, window.pads);
  const rows = sizeOf(window.kernel) * pixels.channels;
  const values = [pixels.name, graph.get(dy, 'plain')] as const;
  const chunks = { image: 4 * height * width * rows, product: 'chunk' } as const;
  const sum = sumInChunks(graph, batch, chunks, values, ([name, gradient], pictures) => {
    const columns = columnsMatrix(graph, { ...pixels, name }, window, [pictures, height, width]);
    const gradients = graph.reshape(gradient, [pictures * height * width, outputChannels]);
    return graph.op('Gemm', [columns, gradients], { transA: 1 });
  });
  return graph.reshape(sum, [...window.kernel, pixels.channels, outputChannels]);
}

/** For each pixel of an image the rows of [output positions * kernel area] that were made from it. */
function rowsOfPixels(
  { kernel, strides, dilations, pads }: Window,
  [height, width]: readonly [number, number],
  output: readonly [number, number],
): number[][] {
  const rows: number[][] = Array.from({ length: height * width }, () => []);
  const [kernelHeight = 1, kernelWidth = 1] = kernel;
  const at = (axis: number, position: number, element: number) =>
    position * (strides[axis] ?? 1) + element * (dilations[axis] ?? 1) - (pads[axis] ?? 0);
  for (let i = 0; i < output[0]; i++)
    for (let j = 0; j < output[1]; j++)
      for (let k = 0; k < kernelHeight; k++)
        for (let l = 0; l < kernelWidth; l++) {
          const [row, column] = [at(0, i, k), at(1, j, l)];
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          rows[row * width + column]?.push(((i * output[1] + j) * kernelHeight + k) * kernelWidth + l);
        }
  return rows;
}

interface Backward {
  readonly dy: LazyNode;
  readonly filter: LazyNode;
  /** Of dx, NHWC. */
  readonly shape: readonly number[];
  readonly window: Window;
}

/** The sum, for each pixel, of the rows of dy W^T that belong to it; @returns its name in NCHW */
export function largeFilterInputGradient(graph: Emission, { dy, filter, shape, window }: Backward): string {
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const [, outHeight = 1, outWidth = 1, outputChannels = 1] = dy.shape;
  const gradients = graph.reshape(graph.get(dy, 'plain'), [batch * outHeight * outWidth, outputChannels]);
  const product = transposedProduct(
    graph,
    { name: gradients, rank: 2, transposed: false },
    { name: filterMatrix(graph, graph.get(filter, 'plain'), filter.shape), rank: 2, transposed: true },
  );
  // A row of zeros after each image's rows stands for the rows that a pixel at the border lacks.
  const rows = outHeight * outWidth * sizeOf(window.kernel);
  const padded = graph.op('Pad', [graph.reshape(product, [batch, rows, channels]), graph.ints([0, 0, 0, 0, 1, 0])]);
  const ofPixels = rowsOfPixels(window, [height, width], [outHeight, outWidth]);
  const most = Math.max(1, ...ofPixels.map(({ length }) => length));
  const ofPicture = ofPixels.flatMap((own) => [...own, ...new Array<number>(most - own.length).fill(rows)]);
  const pictures = Array.from({ length: batch }, (_, picture) => picture * (rows + 1));
  // onnxruntime folds the sum of two constants when it compiles; the file stays small.
  const indices = graph.op('Add', [
    graph.tensor('int32', pictures, [batch, 1, 1]),
    graph.tensor('int32', ofPicture, [1, height * width, most]),
  ]);
  const flat = graph.reshape(padded, [batch * (rows + 1), channels]);
  const terms = graph.op('Gather', [flat, indices], { axis: 0 });
  const sums = graph.op('ReduceSum', [terms, graph.ints([2])], { keepdims: 0 });
  return graph.op('Transpose', [graph.reshape(sums, shape)], { perm: [0, 3, 1, 2] });
}
