import { shown } from '@cnnzoo/checks';
import { type ByteImage, type Image, isFloat } from '../image/image.js';
import { histogramRgb, lookUp, lookUpRgb } from '../simd/tables.js';

/** Applies a table of 256 values to the colours of an 8-bit image. Alpha is left alone. */
export function applyTable(image: ByteImage, table: Uint8Array): Image {
  if (image.channels === 4) return applyTables(image, () => table);
  const bySimd = lookUp(image, table);
  if (bySimd !== null) return bySimd;
  const { data } = image;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = table[data[i] ?? 0] ?? 0;
  return { ...image, data: out };
}

/** The same with a table per channel. */
export function applyTables(image: ByteImage, tableOf: (channel: number) => Uint8Array): Image {
  const bySimd = lookUpRgb(image, tableOf);
  if (bySimd !== null) return bySimd;
  const { channels } = image;
  const data = new Uint8Array(image.data);
  for (let c = 0; c < colorChannels(image); c++) {
    const table = tableOf(c);
    for (let i = c; i < data.length; i += channels) data[i] = table[data[i] ?? 0] ?? 0;
  }
  return { ...image, data };
}

/** Applies a function to the colours of a float image. Alpha is left alone. */
export function mapFloats(image: Image, result: (value: number) => number): Image {
  const { channels } = image;
  const colors = colorChannels(image);
  return { ...image, data: Float32Array.from(image.data, (v, i) => (i % channels < colors ? result(v) : v)) };
}

/** How many channels of the image are colours: all but alpha. */
export function colorChannels({ channels }: Image): number {
  return channels === 4 ? 3 : channels;
}

/** How often each value occurs in each channel that is a colour. */
export function histograms(image: ByteImage): readonly Uint32Array[] {
  const bySimd = histogramRgb(image);
  if (bySimd !== null) return bySimd;
  const { data, channels } = image;
  return Array.from({ length: colorChannels(image) }, (_, channel) => {
    const counts = new Uint32Array(256);
    for (let i = channel; i < data.length; i += channels) {
      const value = data[i] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
    return counts;
  });
}

/** Throws a TypeError for a float image, on which the operation is not defined. */
export function requireBytes(name: string, image: Image): ByteImage {
  if (isFloat(image))
    throw new TypeError(`${name} needs an 8-bit image, got ${shown(image.data)}; put it before toTensor()`);
  return image as ByteImage;
}
