/** Tables of 8-bit images in WebAssembly; each function gives null where JavaScript has to compute. */
import type { ByteImage, Image } from '../image/image.js';
import { placed } from './kernels.js';

/** Each value looked up in a table of 256. */
export function lookUp(image: ByteImage, table: Uint8Array): Image | null {
  const { data } = image;
  const room = placed([data.length, data.length, 256]);
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, out, tables] = places;
  bytes.set(data, source);
  bytes.set(table, tables);
  kernels.lookUp(source, out, data.length, tables);
  return { ...image, data: bytes.slice(out, out + data.length) };
}

/** Each value of an RGB image looked up in its channel's table. */
export function lookUpRgb(image: ByteImage, tableOf: (channel: number) => Uint8Array): Image | null {
  const { data, width, height, channels } = image;
  if (channels !== 3) return null;
  // Before there is room, which another call would take.
  const three = [tableOf(0), tableOf(1), tableOf(2)];
  const room = placed([data.length, data.length, 768]);
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, out, tables] = places;
  bytes.set(data, source);
  for (const [i, table] of three.entries()) bytes.set(table, tables + 256 * i);
  kernels.lookUpRgb(source, out, width * height, tables);
  return { ...image, data: bytes.slice(out, out + data.length) };
}

/** How often each value occurs in each channel of an RGB image. */
export function histogramRgb({ data, width, height, channels }: ByteImage): readonly Uint32Array[] | null {
  const room = channels === 3 ? placed([data.length, 3072]) : null;
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, counts] = places;
  bytes.set(data, source);
  bytes.fill(0, counts, counts + 3072);
  kernels.histogramRgb(source, width * height, counts);
  const all = new Uint32Array(bytes.slice(counts, counts + 3072).buffer);
  return [0, 256, 512].map((from) => all.subarray(from, from + 256));
}

/** (value / 255 - mean) / deviation. @param means one for each channel @returns whether it was computed */
export function normalizeBytes(
  { data, channels }: ByteImage,
  means: Float32Array,
  deviations: Float32Array,
  result: Float32Array,
): boolean {
  const room = 12 % channels === 0 ? placed([data.length, 4 * data.length, 96]) : null;
  if (room === null) return false;
  const { kernels, bytes, places } = room;
  const [source, out, numbers] = places;
  bytes.set(data, source);
  const statistics = Float32Array.from(
    { length: 24 },
    (_, i) => (i < 12 ? means : deviations)[(i % 12) % channels] ?? 0,
  );
  bytes.set(new Uint8Array(statistics.buffer), numbers);
  kernels.normalize(source, out, data.length, numbers);
  result.set(new Float32Array(bytes.buffer, out, data.length));
  return true;
}
