/**
 * The gradient of a convolution with respect to its filter: dW = columns(x)^T dy, where row p of columns(x) is what the window sees
 * at position p. No single form is fastest for every shape, so a rule chooses by these measurements: GFLOP/s, batch of 8, two AVX-512 cores. `rows`
 * was measured before it got two faster steps. The last two columns are another run, on a busy machine. large-filter.ts has the figures of `large`.
 *
 * | shape                     | products | merged | rows | convolution | separable | products |
 * | ------------------------- | -------: | -----: | ---: | ----------: | --------: | -------: |
 * | 64 channels, 56x56        |      129 |    102 |   81 |          91 |       149 |      110 |
 * | 128 channels, 28x28       |      206 |    175 |   75 |         171 |       212 |      170 |
 * | 256 channels, 14x14       |      200 |    209 |   28 |         244 |       205 |      213 |
 * | 512 channels, 7x7         |      106 |    156 |    8 |         191 |       122 |      136 |
 * | 3 channels, 7x7, stride 2 |       50 |     50 |   85 |           - |         - |        - |
 *
 * 128 small images, milliseconds of onnxruntime alone, on two AVX-512 cores of an EPYC. `separable` is in one chunk and in eight.
 *
 * | shape              | rows | separable | convolution |
 * | ------------------ | ---: | --------: | ----------: |
 * | 16 channels, 32x32 |  6.6 |  5.4, 3.9 |         3.7 |
 * | 32 channels, 16x16 |  4.1 |  3.9, 3.0 |         2.1 |
 * | 64 channels, 8x8   |  4.8 |  4.2, 4.0 |         1.9 |
 */
import type { Emission } from '../../graph/emission.js';
import type { Form } from '../../graph/forms.js';
import type { LazyNode } from '../../graph/node.js';
import type { Operation } from '../../graph/operation.js';
import { summedProduct } from '../transposed-product.js';
import type { Window } from '../window.js';
import { convolutionFilterGradient, isConvolution, prefersConvolution } from './convolution-filter-gradient.js';
import type { FilterGradientContext, FilterGradientSizes } from './filter-gradient-sizes.js';
import { type ConvolutionShapes, emitByForm, type FormContext, type FormTable } from './forms.js';
import { sumInChunks } from './image-chunks.js';
import { isLargeFilter, largeFilterGradient } from './large-filter.js';
import { columnsOf, paddedPixels } from './pixel-columns.js';
import { rowColumns } from './row-columns.js';
import { isSeparable, separableFilterGradient } from './separable-filter-gradient.js';

/** Input channels below which `rows` is fastest. With so many it still is where `separable` is not possible. */
const fewChannels = 16;

/**
 * Rows of the filter's matrix for each position from which on one product for the whole batch is faster than one an image: as the table
 * above has it, between 256 channels at 14x14 (12 rows a position) and 128 at 28x28 (1.5).
 */
const rowsPerPosition = 8;

function hasUnitStride({ strides }: Window): boolean {
  return strides.every((stride) => stride === 1);
}

function isPointwise({ window: { kernel, pads } }: ConvolutionShapes): boolean {
  return kernel.every((size) => size === 1) && pads.every((size) => size === 0);
}

/** A form that gives dW in OIHW. */
function form(
  name: string,
  possible: (context: FilterGradientContext) => boolean,
  emit: (context: FilterGradientContext) => string,
): Form<FilterGradientContext> {
  return { name, possible, emit: (context) => ({ name: emit(context), layout: 'filtersFirst' }) };
}

const always = () => true;

const forms: readonly Form<FilterGradientContext>[] = [
  // At stride 1, copies of x and of dy shifted against each other, one matrix product an image, summed
  form('separable', ({ window }) => isSeparable(window), separableFilterGradient),
  // NHWC columns by a gather, one matrix product an image, summed
  form('products', always, (context) => channelsLastFilter(context.graph, products(context), context.sizes)),
  // NHWC columns, one matrix product for the whole batch, in tfjs's layout: where the filter is larger than the images
  {
    name: 'large',
    possible: always,
    emit: ({ graph, x, dy, window }) => ({ name: largeFilterGradient(graph, x, dy, window), layout: 'plain' }),
  },
  // The same in OIHW, where there are no blocked kernels
  form('merged', always, (context) => channelsLastFilter(context.graph, merged(context), context.sizes)),
  // NCHW columns in two steps, along the width and along the height: where there are few channels to copy at a time
  form('rows', always, rows),
  // Of a 1x1 kernel x is its own columns, in NCHW or NHWC
  form('pointwise', isPointwise, (context) => filterOf(context.graph, pointwise(context), context.sizes)),
  form('mergedPointwise', isPointwise, (context) => filterOf(context.graph, mergedPointwise(context), context.sizes)),
  // The images are channels, and dy is the filter, of the size of the output
  form('convolution', isConvolution, convolutionFilterGradient),
];

function rule(context: FilterGradientContext): string {
  const { sizes, window, filterLayout } = context;
  const { inputChannels, outputChannels, kernel, positions } = sizes;
  if (filterLayout === 'plain') return 'large';
  if (isPointwise(context))
    return 2 * inputChannels * outputChannels > positions * (inputChannels + outputChannels)
      ? 'mergedPointwise'
      : 'pointwise';
  if (prefersConvolution(context)) return 'convolution';
  if (inputChannels < fewChannels || (inputChannels === fewChannels && !isSeparable(window))) return 'rows';
  if (inputChannels * kernel[0] * kernel[1] > rowsPerPosition * positions) return 'merged';
  return isSeparable(window) ? 'separable' : 'products';
}

function contextOf(context: FormContext, x: LazyNode, dy: LazyNode): FilterGradientContext {
  const [batch = 1, outHeight = 1, outWidth = 1, outputChannels = 1] = context.output;
  const [height = 1, width = 1, inputChannels = 1] = context.filter;
  const sizes: FilterGradientSizes = {
    batch,
    inputChannels,
    outputChannels,
    kernel: [height, width],
    output: [outHeight, outWidth],
    positions: outHeight * outWidth,
  };
  return { ...context, x, dy, sizes };
}

/** The forms of the filter's gradient. */
export const filterGradientForms: FormTable<FilterGradientContext> = {
  role: 'filterGradient',
  forms,
  rule,
  operands: ({ input, output }) => [
    { shape: input, layout: 'channelsFirst' },
    { shape: output, layout: 'channelsFirst' },
  ],
  result: ({ filter, filterLayout }) => ({ shape: filter, layout: filterLayout }),
  contextOf: (context, [x, dy]) => contextOf(context, x, dy),
};

export const filterGradient: Operation<Window> = {
  name: 'Conv2DBackpropFilter',
  emit(graph, node, window) {
    const [padded, dy] = node.inputs as [LazyNode, LazyNode];
    const { x, pads } = graph.reading(node.name, padded, window.pads);
    const [, height = 1, width = 1] = dy.shape;
    const filterLayout = isLargeFilter(graph, node.shape, height * width) ? 'plain' : 'filtersFirst';
    const shapes = { input: x.shape, filter: node.shape, output: dy.shape, filterLayout } as const;
    const context = contextOf({ graph, window: { ...window, pads }, ...shapes }, x, dy);
    const { name, layout } = emitByForm(filterGradientForms, context);
    // Whatever the form, the filter keeps its layout from step to step.
    graph.set(
      node,
      filterLayout,
      layout === filterLayout ? name : graph.rearranged(name, node.shape, layout, filterLayout),
    );
  },
};

/** [outputChannels, inputChannels, height, width] from a product of that many elements in that order. */
function filterOf(
  graph: Emission,
  product: string,
  { inputChannels, outputChannels, kernel }: FilterGradientSizes,
): string {
  return graph.reshape(product, [outputChannels, inputChannels, ...kernel]);
}

/** The same from [outputChannels, height * width * inputChannels]. */
function channelsLastFilter(
  graph: Emission,
  product: string,
  { inputChannels, outputChannels, kernel }: FilterGradientSizes,
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
  const gradients = graph.reshape(graph.get(dy, 'channelsFirst'), [batch, outputChannels, positions]);
  const values = [padded.name, gradients] as const;
  const chunks = { image: 4 * positions * columnWidth, product: 'image' } as const;
  return sumInChunks(graph, batch, chunks, values, ([name, gradient], pictures) => {
    const columns = columnsOf(graph, { ...padded, name }, { ...window, output: sizes.output }, pictures);
    const matrices = graph.reshape(columns, [pictures, positions, columnWidth]);
    return graph.op('ReduceSum', [graph.op('MatMul', [gradient, matrices]), graph.ints([0])], { keepdims: 0 });
  });
}

function pointwise(context: FilterGradientContext): string {
  const { graph, dy, sizes } = context;
  const { batch, inputChannels, outputChannels, positions } = sizes;
  const gradients = graph.reshape(graph.get(dy, 'channelsFirst'), [batch, outputChannels, positions]);
  return summedProduct(graph, gradients, graph.reshape(sampled(context), [batch, inputChannels, positions]));
}

function mergedPointwise(context: FilterGradientContext): string {
  const { graph, x, dy, window, sizes } = context;
  const { batch, inputChannels, outputChannels, positions } = sizes;
  const pixels = hasUnitStride(window)
    ? graph.get(x, 'plain')
    : graph.op('Transpose', [sampled(context)], { perm: [0, 2, 3, 1] });
  const gradient = graph.reshape(graph.get(dy, 'plain'), [batch * positions, outputChannels]);
  return graph.op('Gemm', [gradient, graph.reshape(pixels, [batch * positions, inputChannels])], { transA: 1 });
}

/** The pixels of x that a 1x1 kernel meets, in NCHW. */
function sampled({ graph, x, window, sizes: { output } }: FilterGradientContext): string {
  const { strides } = window;
  const all = graph.get(x, 'channelsFirst');
  if (hasUnitStride(window)) return all;
  const ends = output.map((extent, axis) => (extent - 1) * (strides[axis] ?? 1) + 1);
  return graph.op('Slice', [all, graph.ints([0, 0]), graph.ints(ends), graph.ints([2, 3]), graph.ints(strides)]);
}

function rows({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, inputChannels, outputChannels, kernel, output, positions } = sizes;
  const gradients = graph.reshape(graph.get(dy, 'channelsFirst'), [batch, outputChannels, positions]);
  const product = summedProduct(graph, rowColumns(graph, x, window, output), gradients);
  const filter = graph.reshape(product, [inputChannels, kernel[1], kernel[0], outputChannels]);
  return graph.op('Transpose', [filter], { perm: [3, 0, 2, 1] });
}
