import type { ByteImage, Image } from '../image/image.js';
import { placed } from './kernels.js';

/** Writes into an RGB result that has its fill colour. @returns false where JavaScript has to compute @param numbers of the kernel, from rowX on */
export function warpNearest(image: ByteImage, result: Image, numbers: readonly number[]): boolean {
  return warped(image, result, 0, ({ kernels }, source, out) =>
    kernels.nearestAffine(source, out, image.width, image.height, result.width, result.height, ...numbers),
  );
}

/** The same with bilinear interpolation. @param matrix a to h */
export function warpBilinear(image: ByteImage, result: Image, matrix: readonly number[]): boolean {
  return warped(image, result, 64, ({ kernels, bytes }, source, out, numbers) => {
    const eight = Float64Array.from({ length: 8 }, (_, i) => matrix[i] ?? 0);
    bytes.set(new Uint8Array(eight.buffer), numbers);
    kernels.bilinear(source, out, image.width, image.height, result.width, result.height, numbers);
  });
}

type Room = NonNullable<ReturnType<typeof placed<readonly [number, number, number]>>>;

function warped(
  image: ByteImage,
  result: Image,
  more: number,
  run: (room: Room, source: number, out: number, more: number) => void,
): boolean {
  const { data } = image;
  const room = image.channels === 3 ? placed([data.length, result.data.length, more]) : null;
  if (room === null) return false;
  const { bytes, places } = room;
  const [source, out, numbers] = places;
  bytes.set(data, source);
  bytes.set(result.data, out);
  run(room, source, out, numbers);
  result.data.set(bytes.subarray(out, out + result.data.length));
  return true;
}
