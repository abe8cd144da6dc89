import type { FilterTaps } from '../image/filter.js';
import type { ByteImage } from '../image/image.js';
import { type Kernels, type Placed, placed } from './kernels.js';

const rowsOf = { 1: 'rowsGrey', 3: 'rowsRgb', 4: 'rowsRgba' } as const;

/** Weights as integers with 22 fractional bits, rounded away from zero. */
export function fixedPoint(weights: Float64Array): Int32Array {
  const fixed = new Int32Array(weights.length);
  for (let i = 0; i < fixed.length; i++) {
    const weight = weights[i] ?? 0;
    fixed[i] = (weight < 0 ? -0.5 : 0.5) + weight * (1 << 22);
  }
  return fixed;
}

/** An axis as the kernels read it. */
interface Axis {
  /** Where each place's taps start, in steps of the axis. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** For each place as many groups of four taps: high halves of two, low halves of two, and again. */
  readonly weights: Int16Array;
  readonly quads: number;
}

function axisOf({ starts, counts, weights, stride }: FilterTaps, step: number): Axis {
  const quads = Math.ceil(counts.reduce((most, count) => Math.max(most, count), 1) / 4);
  const fixed = fixedPoint(weights);
  const packed = new Int16Array(counts.length * quads * 8);
  for (let place = 0; place < counts.length; place++)
    for (let tap = 0; tap < (counts[place] ?? 0); tap++) {
      const weight = fixed[place * stride + tap] ?? 0;
      const to = place * quads * 8 + (tap >> 1) * 4 + (tap & 1);
      packed[to] = weight >> 11;
      packed[to + 2] = weight & 2047;
    }
  return { starts: starts.map((start) => start * step), counts, weights: packed, quads };
}

function write(bytes: Uint8Array, place: number, { buffer, byteOffset, byteLength }: Int16Array | Int32Array): void {
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), place);
}

/**
 * The image with one axis or both at another length, or null where JavaScript has to compute.
 * @param width taps of the rows, or null where they stay @param height of the columns
 */
export function resampleBytes(
  image: ByteImage,
  width: FilterTaps | null,
  height: FilterTaps | null,
  columnsFirst: boolean,
): ByteImage | null {
  const { channels } = image;
  if (channels !== 1 && channels !== 3 && channels !== 4) return null;
  const outWidth = width?.starts.length ?? image.width;
  const outHeight = height?.starts.length ?? image.height;
  const length = outWidth * outHeight * channels;
  const between =
    width === null || height === null ? 0 : columnsFirst ? image.width * outHeight : outWidth * image.height;
  const rowAxis = width && axisOf(width, channels);
  const columnRow = (columnsFirst ? image.width : outWidth) * channels;
  const columnAxis = height && axisOf(height, columnRow);
  const room = placed([
    // The taps that an axis is filled up with, and the second of a pair, lie behind the image.
    image.data.length + image.width * channels + 16 * (rowAxis?.quads ?? 0),
    between * channels + columnRow + 16 * (rowAxis?.quads ?? 0),
    length,
    rowAxis?.weights.byteLength ?? 0,
    rowAxis?.starts.byteLength ?? 0,
    columnAxis?.weights.byteLength ?? 0,
    columnAxis?.starts.byteLength ?? 0,
    columnAxis?.counts.byteLength ?? 0,
  ]);
  if (room === null) return null;
  const { bytes, places, kernels } = room;
  const [source, middle, out] = places;
  bytes.set(image.data, source);
  const rows = (from: number, to: number, lines: number) =>
    rowAxis && runRows(kernels[rowsOf[channels]], room, rowAxis, from, to, image.width * channels, outWidth, lines);
  const columns = (from: number, to: number) =>
    columnAxis && runColumns(kernels, room, columnAxis, from, to, columnRow, outHeight);
  if (between === 0) {
    rows(source, out, image.height);
    columns(source, out);
  } else if (columnsFirst) {
    columns(source, middle);
    rows(middle, out, outHeight);
  } else {
    rows(source, middle, image.height);
    columns(middle, out);
  }
  return { data: bytes.slice(out, out + length), width: outWidth, height: outHeight, channels };
}

type Room = Placed<readonly [number, number, number, number, number, number, number, number]>;

function runRows(
  kernel: Kernels['rowsRgb'],
  { bytes, places }: Room,
  axis: Axis,
  from: number,
  to: number,
  inRow: number,
  width: number,
  height: number,
): void {
  const [, , , weights, starts] = places;
  write(bytes, weights, axis.weights);
  write(bytes, starts, axis.starts);
  kernel(from, to, weights, starts, axis.quads, inRow, width, height);
}

function runColumns(
  kernels: Kernels,
  { bytes, places }: Room,
  axis: Axis,
  from: number,
  to: number,
  row: number,
  height: number,
): void {
  const [, , , , , weights, starts, counts] = places;
  write(bytes, weights, axis.weights);
  write(bytes, starts, axis.starts);
  write(bytes, counts, axis.counts);
  kernels.columns(from, to, weights, starts, counts, axis.quads * 16, row, height);
}
