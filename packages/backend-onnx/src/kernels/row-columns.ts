/** What the windows of a convolution see, in NCHW, where a row's pixels lie side by side: in two steps, along the width and along the height. */
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { LazyNode } from '../graph/node.js';
import type { Window } from './convolution-geometry.js';
import { padInput } from './convolution-node.js';

/**
 * Columns start, start + stride, … of a matrix. At stride 2 its even and odd columns are set apart by one transposition first, so that
 * what is copied afterwards lies side by side: onnxruntime copies with strides one element at a time.
 * @returns the matrix of `count` columns from `start` on
 */
function stridedColumns(
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

/**
 * @param output height and width of what comes out
 * @returns the name of [batch, channels * kernel width * kernel height, output positions], in this order of its rows
 */
export function rowColumns(
  graph: GraphBuilder,
  x: LazyNode,
  { kernel, strides, dilations, pads }: Window,
  output: readonly [number, number],
): string {
  const [kernelHeight = 1, kernelWidth = 1] = kernel;
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [dilationHeight = 1, dilationWidth = 1] = dilations;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const [batch = 1, inHeight = 1, inWidth = 1, channels = 1] = x.shape;
  const [height, width] = [inHeight + top + bottom, inWidth + left + right];
  const padded = padInput(graph, graph.get(x, 'channelsFirst'), pads);
  const columns = stridedColumns(graph, padded, [batch * channels * height, width], strideWidth);
  const shifts = Array.from({ length: kernelWidth }, (_, j) =>
    graph.reshape(columns(j * dilationWidth, output[1]), [batch, channels, 1, height, output[1]]),
  );
  const wide = shifts.length === 1 ? (shifts[0] ?? '') : graph.op('Concat', shifts, { axis: 2 });
  const lines: number[] = [];
  for (let i = 0; i < kernelHeight; i++)
    for (let line = 0; line < output[0]; line++) lines.push(i * dilationHeight + line * strideHeight);
  const rows = graph.reshape(wide, [batch * channels * kernelWidth, height, output[1]]);
  const gathered = graph.op('Gather', [rows, graph.tensor('int32', lines)], { axis: 1 });
  return graph.reshape(gathered, [batch, channels * kernelWidth * kernelHeight, output[0] * output[1]]);
}
