/**
 * Pillow's resampling of 8-bit and float pictures (src/libImaging/Resample.c): first along the rows, then along the columns.
 * 8-bit pictures are computed in whole numbers, weights having 22 bits behind the point, and are rounded to 8 bits in between.
 */
import { type FilterTaps, filterTaps, type Interpolation } from './filter.js';
import { type ByteImage, blankImage, type FloatImage, type Image, isFloat } from './image.js';

const fractionBits = 22;
const half = 1 << (fractionBits - 1);

/** The picture at another size, antialiased. */
export function resample(
  image: Image,
  height: number,
  width: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
): Image {
  let result = image;
  if (width !== image.width) {
    const taps = filterTaps(image.width, width, interpolation);
    result = isFloat(result) ? floatRows(result, width, taps) : byteRows(result as ByteImage, width, taps);
  }
  if (height !== image.height) {
    const taps = filterTaps(image.height, height, interpolation);
    result = isFloat(result) ? floatColumns(result, height, taps) : byteColumns(result as ByteImage, height, taps);
  }
  return result;
}

/** Weights as whole numbers with `fractionBits` bits behind the point, rounded away from zero. */
function fixedPoint(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (weight) => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << fractionBits)));
}

/** The clamped array cuts bicubic's overshoot off, as Pillow does. */
function clamped(width: number, height: number, channels: number): ByteImage & { readonly data: Uint8ClampedArray } {
  return { data: new Uint8ClampedArray(width * height * channels), width, height, channels };
}

function bytes({ data, width, height, channels }: ByteImage): ByteImage {
  return { data: new Uint8Array(data.buffer), width, height, channels };
}

function byteRows(image: ByteImage, width: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const { data, height, channels } = image;
  const fixed = fixedPoint(weights);
  const result = clamped(width, height, channels);
  const out = result.data;
  const inRow = image.width * channels;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * inRow;
    for (let x = 0; x < width; x++) {
      const first = row + (starts[x] ?? 0) * channels;
      const weight = x * stride;
      const end = weight + (counts[x] ?? 0);
      if (channels === 3) {
        let red = half;
        let green = half;
        let blue = half;
        for (let k = weight, from = first; k < end; k++, from += 3) {
          const w = fixed[k] ?? 0;
          red = (red + Math.imul(data[from] ?? 0, w)) | 0;
          green = (green + Math.imul(data[from + 1] ?? 0, w)) | 0;
          blue = (blue + Math.imul(data[from + 2] ?? 0, w)) | 0;
        }
        out[to] = red >> fractionBits;
        out[to + 1] = green >> fractionBits;
        out[to + 2] = blue >> fractionBits;
        to += 3;
      } else
        for (let c = 0; c < channels; c++) {
          let sum = half;
          for (let k = weight, from = first + c; k < end; k++, from += channels)
            sum = (sum + Math.imul(data[from] ?? 0, fixed[k] ?? 0)) | 0;
          out[to++] = sum >> fractionBits;
        }
    }
  }
  return bytes(result);
}

function byteColumns(image: ByteImage, height: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const { data, width, channels } = image;
  const fixed = fixedPoint(weights);
  const result = clamped(width, height, channels);
  const out = result.data;
  const row = width * channels;
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    const weight = y * stride;
    const count = counts[y] ?? 0;
    const first = (starts[y] ?? 0) * row;
    const to = y * row;
    // Most photographs are reduced by up to 2, with 2 to 4 taps: a loop of its own saves passing over the sums.
    if (count <= 4) {
      const w0 = fixed[weight] ?? 0;
      const w1 = count > 1 ? (fixed[weight + 1] ?? 0) : 0;
      const w2 = count > 2 ? (fixed[weight + 2] ?? 0) : 0;
      const w3 = count > 3 ? (fixed[weight + 3] ?? 0) : 0;
      const from1 = count > 1 ? first + row : first;
      const from2 = count > 2 ? from1 + row : first;
      const from3 = count > 3 ? from2 + row : first;
      for (let i = 0; i < row; i++)
        out[to + i] =
          (half +
            Math.imul(data[first + i] ?? 0, w0) +
            Math.imul(data[from1 + i] ?? 0, w1) +
            Math.imul(data[from2 + i] ?? 0, w2) +
            Math.imul(data[from3 + i] ?? 0, w3)) >>
          fractionBits;
      continue;
    }
    sums.fill(half);
    for (let k = 0, from = first; k < count; k++, from += row) {
      const w = fixed[weight + k] ?? 0;
      for (let i = 0; i < row; i++) sums[i] = ((sums[i] ?? 0) + Math.imul(data[from + i] ?? 0, w)) | 0;
    }
    for (let i = 0; i < row; i++) out[to + i] = (sums[i] ?? 0) >> fractionBits;
  }
  return bytes(result);
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
