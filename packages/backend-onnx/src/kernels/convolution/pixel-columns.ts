/** What the windows of a convolution see, gathered from images in NHWC, where a pixel's channels lie side by side. */
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';

/** Images in NHWC with their padding, and their padded size. */
export interface Pixels {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Height and width of what comes out. */
  readonly output: readonly [number, number];
  /** Whether a column's kernel elements stand from last to first. Default false. */
  readonly backwards?: boolean;
}

export function paddedPixels(graph: Emission, x: LazyNode, pads: readonly number[]): Pixels {
  const [, height = 1, width = 1, channels = 1] = x.shape;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const plain = graph.get(x, 'plain');
  const name = pads.every((size) => size === 0)
    ? plain
    : graph.op('Pad', [plain, graph.ints([0, top, left, 0, 0, bottom, right, 0])]);
  return { name, height: height + top + bottom, width: width + left + right, channels };
}

/**
 * One column for each position of `pictures` images.
 * @returns the name of [images * output positions, kernel area, channels]
 */
export function columnsOf(
  graph: Emission,
  { name, height, width, channels }: Pixels,
  { kernel, strides, dilations, output, backwards = false }: Windows,
  pictures: number,
): string {
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [dilationHeight = 1, dilationWidth = 1] = dilations;
  const corners: number[] = [];
  for (let picture = 0; picture < pictures; picture++)
    for (let i = 0; i < output[0]; i++)
      for (let j = 0; j < output[1]; j++) corners.push((picture * height + i * strideHeight) * width + j * strideWidth);
  const offsets: number[] = [];
  for (let i = 0; i < (kernel[0] ?? 1); i++)
    for (let j = 0; j < (kernel[1] ?? 1); j++) offsets.push(i * dilationHeight * width + j * dilationWidth);
  if (backwards) offsets.reverse();
  // onnxruntime folds the sum of two constants when it compiles; the file stays small.
  const indices = graph.op('Add', [
    graph.tensor('int32', corners, [corners.length, 1]),
    graph.tensor('int32', offsets),
  ]);
  return graph.op('Gather', [graph.reshape(name, [pictures * height * width, channels]), indices], { axis: 0 });
}
