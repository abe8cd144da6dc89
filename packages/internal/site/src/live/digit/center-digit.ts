/** A drawing as MNIST's makers prepared digits: LeCun et al. (1998), section III.A. */
import { type Image, resizedCrop } from '@cnnzoo/transforms';

/** The image's side, and that of the square in which the digit fits. */
const [side, square] = [28, 20];

/**
 * Fits the ink into 20x20 pixels, keeping its proportions, and puts its centre of mass at the centre of 28x28 pixels.
 * @param drawing grey bytes, of which 0 is no ink
 * @returns null where there is no ink
 */
export function centerDigit(drawing: Image): Image | null {
  const box = inkBox(drawing);
  if (box === null) return null;
  const scale = square / Math.max(box.width, box.height);
  const size = [box.height, box.width].map((length) => Math.max(1, Math.round(length * scale))) as [number, number];
  const digit = resizedCrop(box, size)(drawing);
  const [row, column] = centerOfMass(digit);
  const top = corner(row, digit.height);
  const left = corner(column, digit.width);
  const data = new Uint8Array(side * side);
  for (let y = 0; y < digit.height; y++)
    data.set(digit.data.subarray(y * digit.width, (y + 1) * digit.width), (top + y) * side + left);
  return { data, width: side, height: side, channels: 1 };
}

/** Where a digit of this length begins, so that its mass is in the middle and no part of it outside. */
function corner(mass: number, length: number): number {
  return Math.min(side - length, Math.max(0, Math.round(side / 2 - mass)));
}

function inkBox({ data, width, height }: Image) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!data[y * width + x]) continue;
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      [left, right] = [Math.min(left, x), Math.max(right, x)];
    }
  return bottom < 0 ? null : { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** In pixels from the upper left corner; a pixel's mass is in its middle. */
function centerOfMass({ data, width }: Image): [row: number, column: number] {
  let [mass, rows, columns] = [0, 0, 0];
  for (const [i, ink] of data.entries()) {
    mass += ink;
    rows += ink * (Math.floor(i / width) + 0.5);
    columns += ink * ((i % width) + 0.5);
  }
  return [rows / mass, columns / mass];
}
