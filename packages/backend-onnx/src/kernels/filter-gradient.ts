/**
 * The gradient of a convolution with respect to its filter: dW = columns(x)^T dy, where row p of columns(x) is what the window sees
 * at position p. No single form is fastest for every shape; `formOf` chooses by what was measured (8 pictures, two AVX-512 cores,
 * GFLOP/s of separable, products, merged, rows, convolution: 64 channels at 56x56 149, 129, 102, 81, 91; 128 at 28x28 212, 206, 175, 75,
 * 171; 256 at 14x14 205, 200, 209, 28, 244; 512 at 7x7 122, 106, 156, 8, 191; a stem of 3 channels and 7x7 at stride 2 -, 50, 50, 120, -).
 */
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { LazyNode, Operation } from '../graph/node.js';
import { blockedConvolution } from './blocked-convolution.js';
import { unpadded } from './convolution.js';
import type { Window } from './convolution-geometry.js';
import { columnsOf, paddedPixels } from './pixel-columns.js';
import { separableFilterGradient } from './separable-filter-gradient.js';
import { transposedProduct } from './transposed-product.js';

interface Sizes {
  readonly batch: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Kernel height and width. */
  readonly kernel: readonly [number, number];
  /** Output height and width. */
  readonly output: readonly [number, number];
  readonly positions: number;
}

/**
 * - `separable`: at stride 1, copies of x and of dy shifted against each other, one matrix product a picture, summed
 * - `products`: NHWC columns by a gather, one matrix product a picture, summed
 * - `merged`: NHWC columns, one matrix product for the whole batch: where the filter is larger than the pictures
 * - `rows`: NCHW columns in two steps, along the width and along the height: where there are few channels to copy at a time
 * - `pointwise`, `mergedPointwise`: of a 1x1 kernel x is its own columns, in NCHW or NHWC
 * - `convolution`: the channels of x are pictures, the pictures are channels, and dy is the filter, of the size of the output:
 *   blocked kernels do that well while dy fits into the cache
 */
type Form = 'separable' | 'products' | 'merged' | 'rows' | 'pointwise' | 'mergedPointwise' | 'convolution';

/** Output positions up to which `convolution` is fastest. */
const fewPositions = 200;

function formOf(
  { batch, inputChannels, outputChannels, kernel, positions }: Sizes,
  isPointwise: boolean,
  unitStride: boolean,
  block: number,
): Form {
  if (isPointwise)
    return 2 * inputChannels * outputChannels > positions * (inputChannels + outputChannels)
      ? 'mergedPointwise'
      : 'pointwise';
  if (inputChannels <= 16) return 'rows';
  const blocks = block > 0 && outputChannels % block === 0 && (batch < block || batch % block === 0);
  if (blocks && positions <= fewPositions) return 'convolution';
  if (inputChannels * kernel[0] * kernel[1] > 8 * positions) return 'merged';
  return unitStride ? 'separable' : 'products';
}

/** Bytes of columns that are made at a time: more pictures are done in turns. */
const columnBytes = 2 ** 26;

export const filterGradient: Operation<Window> = {
  name: 'Conv2DBackpropFilter',
  emit(graph, node, window) {
    const [padded, dy] = node.inputs as [LazyNode, LazyNode];
    const { x, pads } = unpadded(padded, 0, window.pads);
    const [height = 1, width = 1, inputChannels = 1, outputChannels = 1] = node.shape;
    const [batch = 1, outHeight = 1, outWidth = 1] = dy.shape;
    const positions = outHeight * outWidth;
    const sizes: Sizes = {
      batch,
      inputChannels,
      outputChannels,
      kernel: [height, width],
      output: [outHeight, outWidth],
      positions,
    };
    const isPointwise = height * width === 1 && pads.every((size) => size === 0);
    const unitStride = window.strides.every((stride) => stride === 1);
    const context = { graph, x, dy, window: { ...window, pads }, sizes };
    switch (formOf(sizes, isPointwise, unitStride, graph.options.block)) {
      case 'convolution':
        return graph.set(node, 'filtersFirst', convolution(context));
      case 'pointwise':
        return graph.set(node, 'filtersFirst', filterOf(graph, pointwise(context), sizes));
      case 'mergedPointwise':
        return graph.set(node, 'filtersFirst', filterOf(graph, mergedPointwise(context), sizes));
      case 'rows':
        return graph.set(node, 'filtersFirst', rows(context));
      case 'merged':
        return graph.set(node, 'filtersFirst', channelsLastFilter(graph, merged(context), sizes));
      case 'separable':
        return graph.set(node, 'filtersFirst', separableFilterGradient(context));
      case 'products':
        return graph.set(node, 'filtersFirst', channelsLastFilter(graph, products(context), sizes));
    }
  },
};

export interface FilterGradientContext {
  readonly graph: GraphBuilder;
  readonly x: LazyNode;
  readonly dy: LazyNode;
  readonly window: Window;
  readonly sizes: Sizes;
}

/** [outputChannels, inputChannels, height, width] from a product of that many elements in that order. */
function filterOf(graph: GraphBuilder, product: string, { inputChannels, outputChannels, kernel }: Sizes): string {
  return graph.reshape(product, [outputChannels, inputChannels, ...kernel]);
}

/** The same from [outputChannels, height * width * inputChannels]. */
function channelsLastFilter(
  graph: GraphBuilder,
  product: string,
  { inputChannels, outputChannels, kernel }: Sizes,
): string {
  const area = kernel[0] * kernel[1];
  const transposed = graph.op('Transpose', [graph.reshape(product, [outputChannels, area, inputChannels])], {
    perm: [0, 2, 1],
  });
  return graph.reshape(transposed, [outputChannels, inputChannels, ...kernel]);
}

function merged({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, positions, inputChannels, outputChannels, kernel } = sizes;
  const columnWidth = kernel[0] * kernel[1] * inputChannels;
  const columns = columnsOf(graph, paddedPixels(graph, x, window.pads), { ...window, output: sizes.output }, batch);
  const gradient = graph.reshape(graph.get(dy, 'plain'), [batch * positions, outputChannels]);
  return graph.op('Gemm', [gradient, graph.reshape(columns, [batch * positions, columnWidth])], { transA: 1 });
}

function products({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, positions, inputChannels, outputChannels, kernel } = sizes;
  const padded = paddedPixels(graph, x, window.pads);
  const columnWidth = kernel[0] * kernel[1] * inputChannels;
  const pictures = Math.max(1, Math.min(batch, Math.floor(columnBytes / (4 * positions * columnWidth))));
  const turns = Array.from({ length: Math.ceil(batch / pictures) }, (_, turn) =>
    Math.min(pictures, batch - turn * pictures),
  );
  const split = (value: string) => (turns.length === 1 ? [value] : graph.split(value, turns, 0));
  const gradients = split(graph.reshape(graph.get(dy, 'channelsFirst'), [batch, outputChannels, positions]));
  const sums = split(padded.name).map((name, turn) => {
    const count = turns[turn] ?? 1;
    const pixels = columnsOf(graph, { ...padded, name }, { ...window, output: sizes.output }, count);
    const columns = graph.reshape(pixels, [count, positions, columnWidth]);
    return graph.op('ReduceSum', [graph.op('MatMul', [gradients[turn] ?? '', columns]), graph.ints([0])], {
      keepdims: 0,
    });
  });
  return sums.length === 1 ? (sums[0] ?? '') : graph.op('Sum', sums);
}

/** Batched product of dy [batch, outputChannels, positions] with the transposed NCHW columns, summed over the batch. */
function summedProduct({ graph, dy, sizes }: FilterGradientContext, columns: string): string {
  const gradient = graph.reshape(graph.get(dy, 'channelsFirst'), [sizes.batch, sizes.outputChannels, sizes.positions]);
  const product = transposedProduct(graph, [gradient, columns], { transposeA: false, transposeB: true });
  return graph.op('ReduceSum', [product, graph.ints([0])], { keepdims: 0 });
}

/** The padded input cut or padded at its end so that exactly the kernel's height and width come out. */
function convolution({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, inputChannels, outputChannels, kernel, output } = sizes;
  const [, height = 1, width = 1] = x.shape;
  const [top = 0, left = 0] = window.pads;
  const [strideHeight = 1, strideWidth = 1] = window.strides;
  const [dilationHeight = 1, dilationWidth = 1] = window.dilations;
  const bottom = (output[0] - 1) * strideHeight + (kernel[0] - 1) * dilationHeight + 1 - height - top;
  const right = (output[1] - 1) * strideWidth + (kernel[1] - 1) * dilationWidth + 1 - width - left;
  const swapped = (value: LazyNode) =>
    graph.op('Transpose', [graph.get(value, 'channelsFirst')], { perm: [1, 0, 2, 3] });
  const padded = graph.op('Pad', [swapped(x), graph.ints([0, 0, top, left, 0, 0, bottom, right])]);
  const filters = graph.reshape(swapped(dy), [outputChannels, batch, ...output]);
  const turned = { kernel: output, strides: window.dilations, dilations: window.strides, pads: [0, 0, 0, 0] };
  const shape = { inputChannels: batch, outputChannels, positions: inputChannels };
  const result = blockedConvolution(graph, [padded, filters], shape, turned, false);
  return graph.op('Transpose', [result], { perm: [1, 0, 2, 3] });
}

function pointwise(context: FilterGradientContext): string {
  const { batch, inputChannels, positions } = context.sizes;
  return summedProduct(context, context.graph.reshape(sampled(context), [batch, inputChannels, positions]));
}

function mergedPointwise(context: FilterGradientContext): string {
  const { graph, x, dy, window, sizes } = context;
  const { batch, inputChannels, outputChannels, positions } = sizes;
  const unitStride = window.strides.every((stride) => stride === 1);
  const pixels = unitStride ? graph.get(x, 'plain') : graph.op('Transpose', [sampled(context)], { perm: [0, 2, 3, 1] });
  const gradient = graph.reshape(graph.get(dy, 'plain'), [batch * positions, outputChannels]);
  return graph.op('Gemm', [gradient, graph.reshape(pixels, [batch * positions, inputChannels])], { transA: 1 });
}

/** The pixels of x that a 1x1 kernel meets, in NCHW. */
function sampled({ graph, x, window: { strides }, sizes: { output } }: FilterGradientContext): string {
  const all = graph.get(x, 'channelsFirst');
  if (strides.every((stride) => stride === 1)) return all;
  const ends = output.map((extent, axis) => (extent - 1) * (strides[axis] ?? 1) + 1);
  return graph.op('Slice', [all, graph.ints([0, 0]), graph.ints(ends), graph.ints([2, 3]), graph.ints(strides)]);
}

function rows(context: FilterGradientContext): string {
  const { graph, x, sizes } = context;
  const { strides, dilations, pads } = context.window;
  const { batch, inputChannels, outputChannels, kernel, output, positions } = sizes;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [dilationHeight = 1, dilationWidth = 1] = dilations;
  const plain = graph.get(x, 'channelsFirst');
  const input = pads.every((size) => size === 0)
    ? plain
    : graph.op('Pad', [plain, graph.ints([0, 0, top, left, 0, 0, bottom, right])]);
  const height = (x.shape[1] ?? 1) + top + bottom;
  const width = (x.shape[2] ?? 1) + left + right;
  const columns = everyOther(graph, input, [batch * inputChannels * height, width], strideWidth);
  const shifts = Array.from({ length: kernel[1] }, (_, j) =>
    graph.reshape(columns(j * dilationWidth, output[1]), [batch, inputChannels, 1, height, output[1]]),
  );
  const wide = shifts.length === 1 ? (shifts[0] ?? '') : graph.op('Concat', shifts, { axis: 2 });
  const lines: number[] = [];
  for (let i = 0; i < kernel[0]; i++)
    for (let line = 0; line < output[0]; line++) lines.push(i * dilationHeight + line * strideHeight);
  const gathered = graph.op(
    'Gather',
    [graph.reshape(wide, [batch * inputChannels * kernel[1], height, output[1]]), graph.tensor('int32', lines)],
    { axis: 1 },
  );
  const area = inputChannels * kernel[1] * kernel[0];
  const all = graph.reshape(gathered, [batch, area, positions]);
  const gradient = graph.reshape(graph.get(context.dy, 'channelsFirst'), [batch, outputChannels, positions]);
  // The larger factor first: onnxruntime packs the second one.
  const product = transposedProduct(graph, [all, gradient], { transposeA: false, transposeB: true });
  const sum = graph.op('ReduceSum', [product, graph.ints([0])], { keepdims: 0 });
  // The columns stand in the order channel, kernel column, kernel row.
  const filter = graph.reshape(sum, [inputChannels, kernel[1], kernel[0], outputChannels]);
  return graph.op('Transpose', [filter], { perm: [3, 0, 2, 1] });
}

/**
 * Columns start, start + stride, … of a matrix. At stride 2 its even and odd columns are set apart by one transposition first, so that
 * what is copied afterwards lies side by side: onnxruntime copies with strides one element at a time.
 * @returns the matrix of `count` columns from `start` on
 */
function everyOther(
  graph: GraphBuilder,
  matrix: string,
  [rows, width]: readonly [number, number],
  stride: number,
): (start: number, count: number) => string {
  const slice = (from: string, start: number, end: number, axis: number, step = 1) =>
    graph.op('Slice', [from, graph.ints([start]), graph.ints([end]), graph.ints([axis]), graph.ints([step])]);
  if (stride !== 2 || width % 2 !== 0) {
    const flat = graph.reshape(matrix, [rows, width]);
    return (start, count) => slice(flat, start, start + (count - 1) * stride + 1, 1, stride);
  }
  const pairs = graph.op('Transpose', [graph.reshape(matrix, [(rows * width) / 2, 2])], { perm: [1, 0] });
  const halves = [0, 1].map((parity) => graph.reshape(slice(pairs, parity, parity + 1, 0), [rows, width / 2]));
  return (start, count) => slice(halves[start % 2] ?? '', Math.floor(start / 2), Math.floor(start / 2) + count, 1);
}
