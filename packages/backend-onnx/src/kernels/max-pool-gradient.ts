/**
 * The gradient of max pooling where the runtime cannot say where the maxima were. With K elements of the kernel, element k of every
 * window is an image of its own:
 *
 *   part_k = x at element k of each window, first_k = part_k = y and no part before it is
 *   dx = sum over k of dy first_k, put back to element k of each window
 *
 * which keeps tfjs's rule that the first of equal maxima takes the gradient.
 */
import { at } from '../graph/at.js';
import type { Emission } from '../graph/emission.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Window } from './window.js';

/** Lower than any activation, and finite: infinity times zero is not a number. */
const lowest = -3.4e38;

interface Pooling {
  /** Names in NCHW. */
  readonly x: string;
  readonly y: string;
  readonly dy: string;
  /** Of x, NHWC. */
  readonly shape: readonly number[];
  /** Height and width of y. */
  readonly output: readonly [number, number];
}

/** @returns name of dx in NCHW */
export function maxPoolGradientByParts(
  graph: Emission,
  { x, y, dy, shape, output: [outHeight, outWidth] }: Pooling,
  { kernel, strides, pads }: Window,
): string {
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const [kernelHeight = 1, kernelWidth = 1] = kernel;
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const maps = batch * channels;
  // Every channel is an image of its own. Windows may reach past the padding where their number was rounded up.
  const reach = (count: number, stride: number, size: number) => (count - 1) * stride + size;
  const missing = [
    Math.max(0, reach(outHeight, strideHeight, kernelHeight) - (top + height + bottom)),
    Math.max(0, reach(outWidth, strideWidth, kernelWidth) - (left + width + right)),
  ];
  const around = [top, left, bottom + (missing[0] ?? 0), right + (missing[1] ?? 0)];
  const pictures = graph.reshape(x, [maps, 1, height, width]);
  const padded = around.every((size) => size === 0)
    ? pictures
    : graph.op('Pad', [
        pictures,
        graph.ints([0, 0, around[0] ?? 0, around[1] ?? 0, 0, 0, around[2] ?? 0, around[3] ?? 0]),
        graph.scalar('float32', lowest),
      ]);
  const parts: string[] = [];
  for (let i = 0; i < kernelHeight; i++)
    for (let j = 0; j < kernelWidth; j++)
      parts.push(
        graph.op('Slice', [
          padded,
          graph.ints([i, j]),
          graph.ints([reach(outHeight, strideHeight, i + 1), reach(outWidth, strideWidth, j + 1)]),
          graph.ints([2, 3]),
          graph.ints([strideHeight, strideWidth]),
        ]),
      );
  const maps4d = (name: string) => graph.reshape(name, [maps, 1, outHeight, outWidth]);
  const all = parts.length === 1 ? at(parts, 0) : graph.op('Concat', parts, { axis: 1 });
  const number = (condition: string) => graph.op('Cast', [condition], { to: onnxType.float32 });
  const equal = number(graph.op('Equal', [all, maps4d(y)]));
  const before = graph.op('CumSum', [equal, graph.scalar('int64', 1)], { exclusive: 1 });
  const first = graph.op('Mul', [equal, number(graph.op('Equal', [before, graph.scalar('float32', 0)]))]);
  const gradients = graph.op('Mul', [first, maps4d(dy)]);
  // Weights that put part k to element k of its window.
  const area = parts.length;
  const ones = Array.from({ length: area * area }, (_, i) => (i % area === Math.floor(i / area) ? 1 : 0));
  const spread = graph.op('ConvTranspose', [gradients, graph.tensor('float32', ones, [area, 1, ...kernel])], {
    kernel_shape: kernel,
    strides,
    pads: around,
    output_padding: [height, width].map((extent, axis) => {
      const reached =
        axis === 0 ? reach(outHeight, strideHeight, kernelHeight) : reach(outWidth, strideWidth, kernelWidth);
      return Math.max(0, extent + (around[axis] ?? 0) + (around[axis + 2] ?? 0) - reached);
    }),
  });
  return graph.reshape(spread, [batch, channels, height, width]);
}
