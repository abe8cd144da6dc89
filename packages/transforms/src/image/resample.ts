/**
 * Pillow's resampling of 8-bit and float images (src/libImaging/Resample.c), in two passes: along the rows and along the columns.
 * 8-bit images are computed in integers: weights have 22 fractional bits, and each pass rounds to 8 bits. What is here in JavaScript is the
 * reference of ../simd/resample.ts, and computes where there is no WebAssembly.
 */
import { fixedPoint, resampleBytes } from '../simd/resample.js';
import { type FilterTaps, filterTaps, type Interpolation } from './filter.js';
import { type ByteImage, blankImage, type FloatImage, type Image, isFloat } from './image.js';

/** The image at another size, antialiased. */
export function resample(
  image: Image,
  height: number,
  width: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
): Image {
  const alongRows = width === image.width ? null : filterTaps(image.width, width, interpolation);
  const alongColumns = height === image.height ? null : filterTaps(image.height, height, interpolation);
  const first = columnsFirst(image, height, width);
  const bySimd = isFloat(image) ? null : resampleBytes(image as ByteImage, alongRows, alongColumns, first);
  if (bySimd !== null) return bySimd;
  const rows = (source: Image): Image => {
    if (alongRows === null) return source;
    return isFloat(source) ? floatRows(source, width, alongRows) : byteRows(source as ByteImage, width, alongRows);
  };
  const columns = (source: Image): Image => {
    if (alongColumns === null) return source;
    return isFloat(source)
      ? floatColumns(source, height, alongColumns)
      : byteColumns(source as ByteImage, height, alongColumns);
  };
  return first ? rows(columns(image)) : columns(rows(image));
}

/** Half of the last of 8 bits, of sums with 22 bits behind the point. */
const half = 1 << 21;

/**
 * Whether Pillow (from 13 on) takes the columns first: where the height loses more than twice what the width loses, so that less is left
 * for the rows. The order shows in 8-bit images, which are rounded in between.
 */
function columnsFirst(image: Image, height: number, width: number): boolean {
  const lost = image.height - height;
  return lost > 0 && lost > 2 * (image.width - width);
}

function byteRows(image: ByteImage, width: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const { data, height, channels } = image;
  const fixed = fixedPoint(weights);
  const out = new Uint8ClampedArray(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        let sum = half;
        let at = (y * image.width + (starts[x] ?? 0)) * channels + c;
        for (let tap = 0; tap < (counts[x] ?? 0); tap++, at += channels)
          sum = (sum + Math.imul(data[at] ?? 0, fixed[x * stride + tap] ?? 0)) | 0;
        out[to++] = sum >> 22;
      }
  return { data: new Uint8Array(out.buffer), width, height, channels };
}

function byteColumns(image: ByteImage, height: number, { starts, counts, weights, stride }: FilterTaps): ByteImage {
  const { data, width, channels } = image;
  const fixed = fixedPoint(weights);
  const row = width * channels;
  const out = new Uint8ClampedArray(row * height);
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let tap = 0; tap < (counts[y] ?? 0); tap++) {
      const from = ((starts[y] ?? 0) + tap) * row;
      const weight = fixed[y * stride + tap] ?? 0;
      for (let i = 0; i < row; i++) sums[i] = (sums[i] ?? 0) + Math.imul(data[from + i] ?? 0, weight);
    }
    for (let i = 0; i < row; i++) out[y * row + i] = (sums[i] ?? 0) >> 22;
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
