/**
 * Pillow's resampling of 8-bit and float images (src/libImaging/Resample.c), in two passes: along the rows and along the columns.
 * 8-bit images are computed in integers: weights have 22 fractional bits, and each pass rounds to 8 bits.
 */
import { type FilterTaps, filterTaps, type Interpolation } from './filter.js';
import { type ByteImage, blankImage, type FloatImage, type Image, isFloat } from './image.js';

/** The image at another size, antialiased. */
export function resample(
  image: Image,
  height: number,
  width: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
): Image {
  const rows = (source: Image): Image => {
    if (width === image.width) return source;
    const taps = filterTaps(image.width, width, interpolation);
    return isFloat(source) ? floatRows(source, width, taps) : byteRows(source as ByteImage, width, taps);
  };
  const columns = (source: Image): Image => {
    if (height === image.height) return source;
    const taps = filterTaps(image.height, height, interpolation);
    return isFloat(source) ? floatColumns(source, height, taps) : byteColumns(source as ByteImage, height, taps);
  };
  return columnsFirst(image, height, width) ? rows(columns(image)) : columns(rows(image));
}

/**
 * Whether Pillow (from 13 on) takes the columns first: where the height loses more than twice what the width loses, so that less is left
 * for the rows. The order shows in 8-bit images, which are rounded in between.
 */
function columnsFirst(image: Image, height: number, width: number): boolean {
  const lost = image.height - height;
  return lost > 0 && lost > 2 * (image.width - width);
}

/*
 * The loops below are what a training run spends its time in, so they are written for V8: the constants are local (bundlers turn
 * the module's into variables), a column's few weights stay in registers while it goes down a block of rows that fits into the
 * cache, and the numbers of taps that photographs have (2 to 6 when reduced up to 1.5 times) have loops of their own. Sums lose their bits
 * behind the point by `>> 22`; a Uint8ClampedArray cuts bicubic's overshoot off faster than a comparison would.
 */

/** Rows of a block: 16 of 500 RGB pixels are 24 kB. */
const blockRows = 16;

/** Weights as integers with 22 fractional bits, rounded away from zero. */
function fixedPoint(weights: Float64Array): Int32Array {
  const fixed = new Int32Array(weights.length);
  for (let i = 0; i < fixed.length; i++) {
    const weight = weights[i] ?? 0;
    fixed[i] = (weight < 0 ? -0.5 : 0.5) + weight * (1 << 22);
  }
  return fixed;
}

/** The same values as a plain Uint8Array: loops that meet one kind of array only are faster. */
function plainBytes({ data }: ByteImage): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

function byteRows(image: ByteImage, width: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const half = 1 << 21;
  const { height, channels } = image;
  const data = plainBytes(image);
  const fixed = fixedPoint(weights);
  const out = new Uint8ClampedArray(width * height * channels);
  const inRow = image.width * channels;
  const outRow = width * channels;
  for (let top = 0; top < height; top += blockRows) {
    const bottom = Math.min(height, top + blockRows);
    for (let x = 0; x < width; x++) {
      const count = counts[x] ?? 0;
      const k = x * stride;
      let from = top * inRow + (starts[x] ?? 0) * channels;
      let to = top * outRow + x * channels;
      if (channels === 3 && count > 6) {
        for (let y = top; y < bottom; y++, from += inRow, to += outRow) {
          let red = half;
          let green = half;
          let blue = half;
          for (let tap = 0, at = from; tap < count; tap++, at += 3) {
            const weight = fixed[k + tap] ?? 0;
            red = (red + Math.imul(data[at] ?? 0, weight)) | 0;
            green = (green + Math.imul(data[at + 1] ?? 0, weight)) | 0;
            blue = (blue + Math.imul(data[at + 2] ?? 0, weight)) | 0;
          }
          out[to] = red >> 22;
          out[to + 1] = green >> 22;
          out[to + 2] = blue >> 22;
        }
        continue;
      }
      if (channels !== 3 || count < 2) {
        for (let y = top; y < bottom; y++, from += inRow, to += outRow)
          for (let c = 0; c < channels; c++) {
            let sum = half;
            for (let tap = 0, at = from + c; tap < count; tap++, at += channels)
              sum = (sum + Math.imul(data[at] ?? 0, fixed[k + tap] ?? 0)) | 0;
            out[to + c] = sum >> 22;
          }
        continue;
      }
      const w0 = fixed[k] ?? 0;
      const w1 = fixed[k + 1] ?? 0;
      if (count === 2) {
        for (let y = top; y < bottom; y++, from += inRow, to += outRow) {
          out[to] = (half + Math.imul(data[from] ?? 0, w0) + Math.imul(data[from + 3] ?? 0, w1)) >> 22;
          out[to + 1] = (half + Math.imul(data[from + 1] ?? 0, w0) + Math.imul(data[from + 4] ?? 0, w1)) >> 22;
          out[to + 2] = (half + Math.imul(data[from + 2] ?? 0, w0) + Math.imul(data[from + 5] ?? 0, w1)) >> 22;
        }
        continue;
      }
      const w2 = fixed[k + 2] ?? 0;
      if (count === 3) {
        for (let y = top; y < bottom; y++, from += inRow, to += outRow) {
          out[to] =
            (half +
              Math.imul(data[from] ?? 0, w0) +
              Math.imul(data[from + 3] ?? 0, w1) +
              Math.imul(data[from + 6] ?? 0, w2)) >>
            22;
          out[to + 1] =
            (half +
              Math.imul(data[from + 1] ?? 0, w0) +
              Math.imul(data[from + 4] ?? 0, w1) +
              Math.imul(data[from + 7] ?? 0, w2)) >>
            22;
          out[to + 2] =
            (half +
              Math.imul(data[from + 2] ?? 0, w0) +
              Math.imul(data[from + 5] ?? 0, w1) +
              Math.imul(data[from + 8] ?? 0, w2)) >>
            22;
        }
        continue;
      }
      const w3 = fixed[k + 3] ?? 0;
      if (count === 4) {
        for (let y = top; y < bottom; y++, from += inRow, to += outRow)
          for (let c = 0; c < 3; c++)
            out[to + c] =
              (half +
                Math.imul(data[from + c] ?? 0, w0) +
                Math.imul(data[from + c + 3] ?? 0, w1) +
                Math.imul(data[from + c + 6] ?? 0, w2) +
                Math.imul(data[from + c + 9] ?? 0, w3)) >>
              22;
        continue;
      }
      const w4 = fixed[k + 4] ?? 0;
      const [w5, sixth] = count === 6 ? [fixed[k + 5] ?? 0, 15] : [0, 0];
      for (let y = top; y < bottom; y++, from += inRow, to += outRow)
        for (let c = 0; c < 3; c++)
          out[to + c] =
            (half +
              Math.imul(data[from + c] ?? 0, w0) +
              Math.imul(data[from + c + 3] ?? 0, w1) +
              Math.imul(data[from + c + 6] ?? 0, w2) +
              Math.imul(data[from + c + 9] ?? 0, w3) +
              Math.imul(data[from + c + 12] ?? 0, w4) +
              Math.imul(data[from + c + sixth] ?? 0, w5)) >>
            22;
    }
  }
  return { data: new Uint8Array(out.buffer), width, height, channels };
}

function byteColumns(image: ByteImage, height: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const half = 1 << 21;
  const { width, channels } = image;
  const data = plainBytes(image);
  const fixed = fixedPoint(weights);
  const row = width * channels;
  const out = new Uint8ClampedArray(row * height);
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    const k = y * stride;
    const count = counts[y] ?? 0;
    const first = (starts[y] ?? 0) * row;
    const to = y * row;
    if (count === 3) {
      const [w0, w1, w2] = [fixed[k] ?? 0, fixed[k + 1] ?? 0, fixed[k + 2] ?? 0];
      const [row1, row2] = [first + row, first + 2 * row];
      for (let i = 0; i < row; i++)
        out[to + i] =
          (half +
            Math.imul(data[first + i] ?? 0, w0) +
            Math.imul(data[row1 + i] ?? 0, w1) +
            Math.imul(data[row2 + i] ?? 0, w2)) >>
          22;
      continue;
    }
    if (count === 5 || count === 6) {
      const [w0, w1, w2, w3, w4] = [
        fixed[k] ?? 0,
        fixed[k + 1] ?? 0,
        fixed[k + 2] ?? 0,
        fixed[k + 3] ?? 0,
        fixed[k + 4] ?? 0,
      ];
      const w5 = count === 6 ? (fixed[k + 5] ?? 0) : 0;
      const [row1, row2, row3, row4] = [first + row, first + 2 * row, first + 3 * row, first + 4 * row];
      const row5 = count === 6 ? row4 + row : first;
      for (let i = 0; i < row; i++)
        out[to + i] =
          (half +
            Math.imul(data[first + i] ?? 0, w0) +
            Math.imul(data[row1 + i] ?? 0, w1) +
            Math.imul(data[row2 + i] ?? 0, w2) +
            Math.imul(data[row3 + i] ?? 0, w3) +
            Math.imul(data[row4 + i] ?? 0, w4) +
            Math.imul(data[row5 + i] ?? 0, w5)) >>
          22;
      continue;
    }
    // Four taps at a time: each pass over the sums costs as much as several products.
    for (let tap = 0; tap < count; tap += 4) {
      const left = count - tap;
      const w0 = fixed[k + tap] ?? 0;
      const w1 = left > 1 ? (fixed[k + tap + 1] ?? 0) : 0;
      const w2 = left > 2 ? (fixed[k + tap + 2] ?? 0) : 0;
      const w3 = left > 3 ? (fixed[k + tap + 3] ?? 0) : 0;
      const row0 = first + tap * row;
      const row1 = left > 1 ? row0 + row : row0;
      const row2 = left > 2 ? row1 + row : row0;
      const row3 = left > 3 ? row2 + row : row0;
      if (count <= 4)
        for (let i = 0; i < row; i++)
          out[to + i] =
            (half +
              Math.imul(data[row0 + i] ?? 0, w0) +
              Math.imul(data[row1 + i] ?? 0, w1) +
              Math.imul(data[row2 + i] ?? 0, w2) +
              Math.imul(data[row3 + i] ?? 0, w3)) >>
            22;
      else
        for (let i = 0; i < row; i++)
          sums[i] =
            (tap === 0 ? half : (sums[i] ?? 0)) +
            Math.imul(data[row0 + i] ?? 0, w0) +
            Math.imul(data[row1 + i] ?? 0, w1) +
            Math.imul(data[row2 + i] ?? 0, w2) +
            Math.imul(data[row3 + i] ?? 0, w3);
    }
    if (count > 4) for (let i = 0; i < row; i++) out[to + i] = (sums[i] ?? 0) >> 22;
  }
  return { data: new Uint8Array(out.buffer), width, height, channels };
}

function floatRows(image: FloatImage, width: number, { starts, counts, weights, stride }: FilterTaps): Image {
  const { data, height, channels } = image;
  const result = blankImage(image, width, height);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        const first = (y * image.width + (starts[x] ?? 0)) * channels + c;
        let sum = 0;
        for (let k = 0; k < (counts[x] ?? 0); k++)
          sum += (data[first + k * channels] ?? 0) * (weights[x * stride + k] ?? 0);
        result.data[to++] = sum;
      }
  return result;
}

function floatColumns(image: FloatImage, height: number, { starts, counts, weights, stride }: FilterTaps): Image {
  const { data, width, channels } = image;
  const result = blankImage(image, width, height);
  const row = width * channels;
  const sums = new Float64Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = 0; k < (counts[y] ?? 0); k++) {
      const from = ((starts[y] ?? 0) + k) * row;
      const w = weights[y * stride + k] ?? 0;
      for (let i = 0; i < row; i++) sums[i] = (sums[i] ?? 0) + (data[from + i] ?? 0) * w;
    }
    result.data.set(sums, y * row);
  }
  return result;
}
