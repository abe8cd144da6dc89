/** The gradient of a convolution with respect to its input. */
import type { Emission } from '../../graph/emission.js';
import type { Form } from '../../graph/forms.js';
import type { LazyNode } from '../../graph/node.js';
import type { Operation } from '../../graph/operation.js';
import { sizeOf } from '../../graph/shape.js';
import { transposedProduct } from '../transposed-product.js';
import type { Window } from '../window.js';
import { type BlockedShape, blockedConvolution, canUseBlocks, prefersBlocks } from './blocked-convolution.js';
import { convolutionNode, transposedConvolutionNode } from './convolution-node.js';
import { type ConvolutionShapes, emitByForm, type FormContext, type FormTable } from './forms.js';
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

/** What the forms of an input's gradient are told. */
interface InputGradientContext extends FormContext {
  readonly dy: LazyNode;
  readonly filterNode: LazyNode;
}

/** Of the convolution of dy that gives dx at stride 1. */
function turnedShape({ input, output }: ConvolutionShapes): BlockedShape {
  const [batch = 1, height = 1, width = 1, outputChannels = 1] = input;
  return { inputChannels: output[3] ?? 1, outputChannels, positions: batch * height * width };
}

/** The window of that convolution; null where there is none. */
function turnedWindow({ window, input, output }: ConvolutionShapes): Window | null {
  const pads = turnedPads(window);
  const missing = outputPadding(window, input.slice(1, 3), output.slice(1, 3));
  const isTurnable =
    window.strides.every((stride) => stride === 1) &&
    missing.every((size) => size === 0) &&
    pads.every((pad) => pad >= 0);
  return isTurnable ? { ...window, pads } : null;
}

function isTurnable(shapes: ConvolutionShapes): boolean {
  return shapes.filterLayout === 'filtersFirst' && turnedWindow(shapes) !== null;
}

function isPointwise({ window: { kernel, pads } }: ConvolutionShapes): boolean {
  return sizeOf(kernel) === 1 && pads.every((pad) => pad === 0);
}

function canBeBlocked(context: InputGradientContext): boolean {
  const shape = turnedShape(context);
  return (
    shape.inputChannels >= context.graph.options.block &&
    canUseBlocks(context.graph, shape, context.filterLayout) &&
    turnedWindow(context) !== null
  );
}

/** A form that gives dx in NCHW. */
function form(
  name: string,
  possible: (context: InputGradientContext) => boolean,
  emit: (context: InputGradientContext, turned: Window) => string,
): Form<InputGradientContext> {
  return {
    name,
    possible,
    emit: (context) => ({ name: emit(context, turnedWindow(context) ?? context.window), layout: 'channelsFirst' }),
  };
}

const forms: readonly Form<InputGradientContext>[] = [
  // At stride 1: dy with the turned filter, by onnxruntime's kernels on blocks of channels
  form('blocked', canBeBlocked, (context, turned) => {
    const { graph, dy, filterNode, filterLayout } = context;
    const gradient = graph.get(dy, 'channelsFirst');
    const filter = { name: graph.get(filterNode, filterLayout), layout: filterLayout, flipped: true } as const;
    return blockedConvolution(graph, gradient, filter, null, turnedShape(context), turned);
  }),
  // Of a 1x1 kernel: one product an image
  form(
    'pointwise',
    (context) => isPointwise(context) && isTurnable(context),
    (context) => {
      const { graph, dy, filterNode, input } = context;
      const [batch = 1, height = 1, width = 1] = input;
      const { inputChannels, outputChannels } = turnedShape(context);
      const gradient = graph.get(dy, 'channelsFirst');
      const matrix = graph.reshape(graph.get(filterNode, 'filtersFirst'), [1, inputChannels, outputChannels]);
      const product = transposedProduct(
        graph,
        { name: matrix, rank: 3, transposed: true },
        { name: graph.reshape(gradient, [batch, inputChannels, height * width]), rank: 3, transposed: false },
      );
      return graph.reshape(product, [batch, outputChannels, height, width]);
    },
  ),
  // At stride 1: dy with the turned filter, by ONNX's Conv
  form('turned', isTurnable, (context, turned) => {
    const { graph, dy, filterNode, window, output } = context;
    const gradient = graph.get(dy, 'channelsFirst');
    const filter = turnedFilter(graph, graph.get(filterNode, 'filtersFirst'), sizeOf(window.kernel));
    const channels = { ...turnedShape(context), groups: 1, inputSize: output.slice(1, 3) };
    return convolutionNode(graph, [gradient, filter], turned, channels);
  }),
  // At stride 1: one product for the whole batch
  form('columns', isTurnable, ({ graph, dy, filterNode, input }, turned) =>
    columnsProduct(graph, dy, graph.get(filterNode, 'filtersFirst'), input, turned),
  ),
  // Rows of dy W^T, summed for each pixel
  form(
    'scattered',
    ({ filterLayout }) => filterLayout === 'plain',
    ({ graph, dy, filterNode, input, window }) =>
      largeFilterInputGradient(graph, { dy, filter: filterNode, shape: input, window }),
  ),
  // ONNX's ConvTranspose
  form(
    'transposed',
    ({ filterLayout }) => filterLayout === 'filtersFirst',
    (context) => {
      const { graph, dy, filterNode, window, input, output } = context;
      const names = [graph.get(dy, 'channelsFirst'), graph.get(filterNode, 'filtersFirst')] as const;
      const missing = outputPadding(window, input.slice(1, 3), output.slice(1, 3));
      return transposedConvolutionNode(graph, names, window, missing, { ...turnedShape(context), groups: 1 });
    },
  ),
];

/**
 * At stride 1 a convolution of dy with the filter turned and its channels swapped is faster than ONNX's ConvTranspose unless there are
 * more weights than positions to turn.
 */
function rule(context: InputGradientContext): string {
  const { graph, filterLayout, window } = context;
  const turned = turnedWindow(context);
  const { positions, outputChannels } = turnedShape(context);
  if (turned !== null && canBeBlocked(context) && prefersBlocks(graph, turnedShape(context), turned)) return 'blocked';
  if (filterLayout === 'plain') return 'scattered';
  if (turned === null) return 'transposed';
  if (isPointwise(context)) return 'pointwise';
  if (sizeOf(window.kernel) === 1 || positions >= 2 * outputChannels) return 'turned';
  return positions >= fewestPositions ? 'columns' : 'transposed';
}

/** The forms of dx = sum over kernel elements of dy shifted back, times the filter. */
export const inputGradientForms: FormTable<InputGradientContext> = {
  role: 'inputGradient',
  forms,
  rule,
  operands: ({ filter, output, filterLayout }) => [
    { shape: output, layout: 'channelsFirst' },
    { shape: filter, layout: filterLayout },
  ],
  result: ({ input }) => ({ shape: input, layout: 'channelsFirst' }),
  contextOf: (context, [dy, filterNode]) => ({ ...context, dy, filterNode }),
};

/**
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
  const filterLayout = staysPlain(graph, filter, dy.shape) ? 'plain' : 'filtersFirst';
  const shapes = { window, input: shape, filter: filter.shape, output: dy.shape, filterLayout } as const;
  return emitByForm(inputGradientForms, { graph, ...shapes, dy, filterNode: filter }).name;
}

export const inputGradient: Operation<Window> = {
  name: inputGradientName,
  emit(graph, node, window) {
    const [dy, filter] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'channelsFirst', emitInputGradient(graph, dy, filter, node.shape, window));
  },
};
