/**
 * The filter gradient at stride 1, by shifting rows of one operand and columns of the other:
 *
 *   dW(i, j, c, o) = sum over images, rows h and columns w of x(h, w + j - left, c) dy(h - i + top, w, o)
 *
 * where h runs over the rows of x, w over the columns of dy, and what lies outside is zero. So one product of [kernel height *
 * outputChannels, rows * columns] and [rows * columns, kernel width * inputChannels] gives all of dW, and of a 3x3 kernel each
 * operand is copied 3 times, where columns of x would be 9 copies of it.
 */

import { summedProduct } from '../transposed-product.js';
import type { Window } from '../window.js';
import type { FilterGradientContext } from './filter-gradient-sizes.js';
import { sumInChunks } from './image-chunks.js';
import { shiftedCopies } from './shifted-copies.js';

/** Whether no operand would have to be cut, as it would where the padding is wider than the kernel. */
export function isSeparable({ kernel, strides, dilations, pads }: Window): boolean {
  const [rowStep = 1] = dilations;
  const [top = 0, , bottom = 0] = pads;
  const reach = ((kernel[0] ?? 1) - 1) * rowStep;
  return strides.every((stride) => stride === 1) && top <= reach && bottom <= reach;
}

/** @returns the name of dW as [outputChannels, inputChannels, height, width] */
export function separableFilterGradient({ graph, x, dy, window, sizes }: FilterGradientContext): string {
  const { batch, inputChannels, outputChannels, kernel, output } = sizes;
  const [, height = 1, width = 1] = x.shape;
  const [top = 0, left = 0, bottom = 0, right = 0] = window.pads;
  const [rowStep = 1, columnStep = 1] = window.dilations;
  const reach = (kernel[0] - 1) * rowStep;
  const positions = height * output[1];
  const widest = Math.max(kernel[0] * outputChannels, kernel[1] * inputChannels);
  const values = [graph.get(x, 'channelsFirst'), graph.get(dy, 'channelsFirst')] as const;
  const chunks = { image: 4 * positions * widest, product: 'image' } as const;
  const sum = sumInChunks(graph, batch, chunks, values, ([pixels, gradients], pictures) => {
    const columns = shiftedCopies(graph, pixels, [pictures, inputChannels, height, width], {
      axis: 'width',
      count: kernel[1],
      stride: 1,
      dilation: columnStep,
      pads: [0, left, 0, right],
    });
    const rows = shiftedCopies(graph, gradients, [pictures, outputChannels, ...output], {
      axis: 'height',
      count: kernel[0],
      stride: 1,
      dilation: rowStep,
      pads: [reach - top, 0, reach - bottom, 0],
      backwards: true,
    });
    const matrix = (name: string, channels: number) => graph.reshape(name, [pictures, channels, positions]);
    return summedProduct(graph, matrix(rows, kernel[0] * outputChannels), matrix(columns, kernel[1] * inputChannels));
  });
  const parts = graph.reshape(sum, [outputChannels, kernel[0], inputChannels, kernel[1]]);
  return graph.op('Transpose', [parts], { perm: [0, 2, 1, 3] });
}
