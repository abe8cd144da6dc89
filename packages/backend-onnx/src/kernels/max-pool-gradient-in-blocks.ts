/**
 * The gradient of max pooling with windows of 3x3 pixels that overlap, without asking where the maxima were: onnxruntime takes some ten times as long
 * for largest values with their indices as for the values alone. A window is three columns and then three rows of their maxima. The first
 * of equal maxima is the same that way, in the first of the rows that have it. Along each axis, x0, x1 and x2 are the line's pixels under a window of maximum y:
 *
 *   g0 = dy where x0 = y, g1 = dy - g0 where x1 = y, g2 = dy - g0 - g1
 *
 * and dx is the sum of the three at the pixels that they belong to. Both axes are alike in blocks of channels (see blocked-values.ts), where depthwise
 * convolutions with one 1 pick and shift lines and add in the same pass. All of it is exact where the numbers are finite. With 8 images the pooling's gradient and its
 * largest values take 4 ms instead of 12 for 192 channels at 28x28 and stride 1, and 16 instead of 23 for 64 at 112x112 and stride 2 (two AVX-512 cores of an EPYC, 2026-11-28).
 */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { blockedDomain, fromBlocks, toBlocks } from './blocked-values.js';
import type { Window } from './window.js';

/** What is added to a maximum that no pixel may equal. Finite, because a product with 0 follows. */
const unreachable = 3.3e38;

/** Whether every line of a map lies in a window along one axis, and the windows end with the map, give or take one line. */
function isCovered(lines: number, stride: number, before: number, after: number): boolean {
  if (stride === 1) return before === 1 && after === 1;
  const windows = Math.floor((lines + before + after - 3) / 2) + 1;
  const beyond = lines - 2 * windows;
  return stride === 2 && windows > 0 && before <= 1 && beyond >= -1 && beyond <= 1 - before;
}

/**
 * Whether x may have infinite values, as what comes from outside the graph and what is padded with -Infinity may: infinity times 0 is not a number. A
 * network's own activations are finite while it trains.
 */
function mayBeInfinite({ name, value, attributes }: LazyNode): boolean {
  return value !== null || (name === 'PadV2' && !Number.isFinite(attributes['value']));
}

export function canPoolInBlocks(graph: Emission, x: LazyNode, { kernel, strides, dilations, pads }: Window): boolean {
  const { block, portable } = graph.options;
  const [, height = 1, width = 1, channels = 1] = x.shape;
  if (block === 0 || portable === true || !graph.can('blockedConvolution') || channels % block !== 0) return false;
  if (kernel.some((size) => size !== 3) || dilations.some((step) => step !== 1) || mayBeInfinite(x)) return false;
  const [rowStride = 0, columnStride = 0] = strides;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  if (rowStride !== columnStride) return false;
  return isCovered(height, rowStride, top, bottom) && isCovered(width, columnStride, left, right);
}

/** One axis of a map in blocks. */
interface Lines {
  readonly graph: Emission;
  readonly axis: 'rows' | 'columns';
  readonly stride: number;
  /** Lines of padding before and after the map. */
  readonly pads: readonly [number, number];
  /** [batch, channels, height, width] of the maxima along this axis. */
  readonly shape: readonly [number, number, number, number];
}

/** For rows and columns what concerns the one axis, and nothing along the other. */
function along<T>(axis: Lines['axis'], own: T, other: T): [T, T] {
  return axis === 'rows' ? [own, other] : [other, own];
}

/** Largest of three lines, in blocks. */
function largest(
  graph: Emission,
  x: string,
  { axis, stride, pads: [before, after] }: Pick<Lines, 'axis' | 'stride' | 'pads'>,
): string {
  const attributes = {
    kernel_shape: along(axis, 3, 1),
    strides: along(axis, stride, 1),
    pads: [...along(axis, before, 0), ...along(axis, after, 0)],
  };
  return graph.op('MaxPool', [x], attributes, blockedDomain);
}

/** The line of x at `tap` of each window, times `factor`, plus z. */
function picked(
  { graph, axis, shape: [, channels] }: Lines,
  x: string,
  z: string,
  tap: { index: number; factor: number; stride: number; pads: readonly [number, number] },
): string {
  const { block } = graph.options;
  const values = Array.from({ length: channels * 3 }, (_, i) =>
    Math.floor(i / block) % 3 === tap.index ? tap.factor : 0,
  );
  const kernel = along(axis, 3, 1);
  const attributes = {
    kernel_shape: kernel,
    strides: along(axis, tap.stride, 1),
    pads: [...along(axis, tap.pads[0], 0), ...along(axis, tap.pads[1], 0)],
    dilations: [1, 1],
    group: channels,
  };
  const filter = graph.tensor('float32', values, [channels, 1, ...kernel]);
  return graph.op('Conv', [x, filter, '', z], attributes, blockedDomain);
}

/** The maxima, out of reach for the padding before the map, which the convolution takes for zeros. */
function reachable({ graph, axis, shape: [batch, channels, height, width] }: Lines, y: string): string {
  const { block } = graph.options;
  const maps = (batch * channels) / block;
  const [lines, size] = axis === 'rows' ? [height, 1] : [width, block];
  const first = Array.from({ length: lines * size }, (_, i) => (i < size ? unreachable : 0));
  const [flat, more] =
    axis === 'rows'
      ? [
          [maps, height, width * block],
          [height, 1],
        ]
      : [[maps * height, width * block], [width * block]];
  const sum = graph.op('Add', [graph.reshape(y, flat), graph.tensor('float32', first, more)]);
  return graph.reshape(sum, [batch, channels, height, width]);
}

/** Lines of `even` and `odd` in turns. With one line fewer the last is left out, and with one more it is `last`'s last. */
function inTurns(
  { graph, axis, shape: [batch, channels, height, width] }: Lines,
  [even, odd, last]: readonly [string, string, string],
  lines: number,
): string {
  const { block } = graph.options;
  const maps = (batch * channels) / block;
  const [outer, own, size] = axis === 'rows' ? [maps, height, width * block] : [maps * height, width, block];
  const pairs = [even, odd].map((name) => graph.reshape(name, [outer * own, size]));
  const flat = graph.reshape(graph.op('Concat', pairs, { axis: 1 }), [outer, 2 * own * size]);
  const cut = (name: string, from: number, to: number) =>
    graph.op('Slice', [name, graph.ints([from * size]), graph.ints([to * size]), graph.ints([1])]);
  const all = () => {
    if (lines === 2 * own) return flat;
    if (lines < 2 * own) return cut(flat, 0, lines);
    return graph.op('Concat', [flat, cut(graph.reshape(last, [outer, own * size]), own - 1, own)], { axis: 1 });
  };
  return graph.reshape(all(), [batch, channels, ...(axis === 'rows' ? [lines, width] : [height, lines])]);
}

/**
 * The gradient along one axis, of x with `lines` lines and maxima y.
 * @param isPositive whether dy is 0 where y is not positive, so that the padding may take it
 */
function gradientAlong(
  of: Lines,
  { x, y, dy, lines, isPositive }: { x: string; y: string; dy: string; lines: number; isPositive: boolean },
): string {
  const { graph, stride, pads } = of;
  const where = (index: number, maxima: string) =>
    graph.op('HardSigmoid', [picked(of, x, maxima, { index, factor: -1, stride, pads })], {
      alpha: { float: -3.4e38 },
      beta: { float: 1 },
    });
  const before = pads[0] === 0 || isPositive ? y : reachable(of, y);
  const first = graph.op('Mul', [where(0, before), dy]);
  const rest = graph.op('Sub', [dy, first]);
  const second = graph.op('Mul', [where(1, y), rest]);
  const third = graph.op('Sub', [rest, second]);
  const shifted = (name: string, index: number, sum: string) =>
    picked(of, name, sum, { index, factor: 1, stride: 1, pads: [1, 1] });
  if (stride === 1) return shifted(first, 2, shifted(third, 0, second));
  const [even, odd] = pads[0] === 0 ? [shifted(third, 0, first), second] : [second, shifted(first, 2, third)];
  return inTurns(of, [even, odd, third], lines);
}

interface Pooled {
  /** x in blocks. */
  readonly x: string;
  /** Largest values of its columns, and of their rows, in blocks. */
  readonly ofColumns: string;
  readonly y: string;
}

/** Largest values on the way on which the gradient goes back. */
function pooled(graph: Emission, x: LazyNode, { strides: [stride = 1], pads }: Window): Pooled {
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const blocks = toBlocks(graph, graph.get(x, 'channelsFirst'));
  const ofColumns = largest(graph, blocks, { axis: 'columns', stride, pads: [left, right] });
  return { x: blocks, ofColumns, y: largest(graph, ofColumns, { axis: 'rows', stride, pads: [top, bottom] }) };
}

/**
 * Largest values, of which the gradient uses what it needs, too.
 * @returns their name in NCHW
 */
export function maxPoolInBlocks(graph: Emission, x: LazyNode, window: Window): string {
  return fromBlocks(graph, pooled(graph, x, window).y, x.shape[3] ?? 1);
}

interface Pooling {
  readonly x: LazyNode;
  readonly dy: LazyNode;
  /** Height and width of dy. */
  readonly output: readonly [number, number];
  /** What dy is multiplied by first, given the largest values: 0 where they are not positive. Null for nothing. */
  readonly gate: ((y: string) => string) | null;
}

/** @returns name of dx in NCHW */
export function maxPoolGradientInBlocks(
  graph: Emission,
  { x, dy, output: [outHeight, outWidth], gate }: Pooling,
  window: Window,
): string {
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const { strides, pads } = window;
  const [stride = 1] = strides;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const { x: blocks, ofColumns, y } = pooled(graph, x, window);
  const columns: Lines = {
    graph,
    axis: 'columns',
    stride,
    pads: [left, right],
    shape: [batch, channels, height, outWidth],
  };
  const rows: Lines = { ...columns, axis: 'rows', pads: [top, bottom], shape: [batch, channels, outHeight, outWidth] };
  const given = toBlocks(graph, graph.get(dy, 'channelsFirst'));
  const gradient = gate === null ? given : graph.op('Mul', [gate(y), given]);
  const isPositive = gate !== null;
  const byRows = gradientAlong(rows, { x: ofColumns, y, dy: gradient, lines: height, isPositive });
  const byColumns = gradientAlong(columns, { x: blocks, y: ofColumns, dy: byRows, lines: width, isPositive });
  return fromBlocks(graph, byColumns, channels);
}
