import { shown } from '@cnnzoo/checks';
import { type ByteImage, type Image, isFloat } from '../image/image.js';

/** Applies a table of 256 values per colour channel to an 8-bit image. Alpha is left alone. */
export function applyTables(image: ByteImage, tableOf: (channel: number) => Uint8Array): Image {
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

/** How often each value occurs in a channel. */
export function histogram({ data, channels }: ByteImage, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < data.length; i += channels) {
    const value = data[i] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

/** Throws a TypeError for a float image, on which the operation is not defined. */
export function requireBytes(name: string, image: Image): ByteImage {
  if (isFloat(image))
    throw new TypeError(`${name} needs an 8-bit image, got ${shown(image.data)}; put it before toTensor()`);
  return image as ByteImage;
}
