/**
 * The filter gradient at stride 1, by shifting rows of one operand and columns of the other:
 *
 *   dW(i, j, c, o) = sum over pictures, rows h and columns w of x(h, w + j - left, c) dy(h - i + top, w, o)
 *
 * where h runs over the rows of x, w over the columns of dy, and what lies outside is zero. So one product of [kernel height *
 * outputChannels, rows * columns] and [rows * columns, kernel width * inputChannels] gives all of dW, and of a 3x3 kernel each
 * operand is copied 3 times, where columns of x would be 9 copies of it.
 */
import type { GraphBuilder } from '../graph/graph-builder.js';
import { padInput } from './convolution-node.js';
import type { FilterGradientContext } from './filter-gradient.js';
import { sumInTurns } from './picture-turns.js';
import { summedProduct } from './transposed-product.js';

/** `count` copies of NCHW pictures along a new axis after the channels, copy k padded (or, below zero, cut) by `padsOf(k)`. */
function shiftedCopies(
  graph: GraphBuilder,
  pictures: string,
  count: number,
  padsOf: (k: number) => readonly [top: number, left: number, bottom: number, right: number],
  shape: readonly [batch: number, channels: number, positions: number],
): string {
  const copies = Array.from({ length: count }, (_, k) => padInput(graph, pictures, padsOf(k)));
  const [batch, channels, positions] = shape;
  const all = copies.length === 1 ? (copies[0] ?? '') : graph.op('Concat', copies, { axis: 1 });
  return graph.reshape(all, [batch, count * channels, positions]);
}

/** @returns the name of dW as [outputChannels, inputChannels, height, width] */
export function separableFilterGradient({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, inputChannels, outputChannels, kernel, output } = sizes;
  const [, height = 1, width = 1] = x.shape;
  const [top = 0, left = 0] = window.pads;
  const [rowStep = 1, columnStep = 1] = window.dilations;
  const positions = height * output[1];
  const widest = Math.max(kernel[0] * outputChannels, kernel[1] * inputChannels);
  const values = [graph.get(x, 'channelsFirst'), graph.get(dy, 'channelsFirst')];
  const sum = sumInTurns(graph, batch, 4 * positions * widest, values, ([pixels = '', gradients = ''], pictures) => {
    const columns = shiftedCopies(
      graph,
      pixels,
      kernel[1],
      (j) => [0, left - j * columnStep, 0, output[1] - width - left + j * columnStep],
      [pictures, inputChannels, positions],
    );
    const rows = shiftedCopies(
      graph,
      gradients,
      kernel[0],
      (i) => [i * rowStep - top, 0, height - output[0] - i * rowStep + top, 0],
      [pictures, outputChannels, positions],
    );
    return summedProduct(graph, rows, columns);
  });
  const parts = graph.reshape(sum, [kernel[0], outputChannels, kernel[1], inputChannels]);
  return graph.op('Transpose', [parts], { perm: [1, 3, 0, 2] });
}
