/** Colours of 8-bit images by SIMD; each function gives null where JavaScript has to compute. */
import type { ByteImage, Image } from '../image/image.js';
import { type Kernels, placed } from './kernels.js';

/** A new image of what a kernel writes. */
function mapped(
  image: ByteImage,
  run: (kernels: Kernels, source: number, out: number, bytes: Uint8Array) => void,
): Image | null {
  const { length } = image.data;
  const room = placed([length, length]);
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, out] = places;
  bytes.set(image.data, source);
  run(kernels, source, out, bytes);
  return { ...image, data: bytes.slice(out, out + length) };
}

/** The sum of an RGB image's luma. */
export function lumaSum({ data, width, height, channels }: ByteImage): number | null {
  const room = channels === 3 ? placed([data.length]) : null;
  if (room === null) return null;
  const [source] = room.places;
  room.bytes.set(data, source);
  return room.kernels.lumaSum(source, width * height);
}

/** An RGB image blended with its luma. @param factor float32 */
export function blendWithLuma(image: ByteImage, factor: number): Image | null {
  if (image.channels !== 3) return null;
  return mapped(image, (kernels, source, out) =>
    kernels.blendWithLuma(source, out, image.width * image.height, factor),
  );
}

/** An image without alpha blended with its smoothed self. @param factor float32 */
export function blendWithSmooth(image: ByteImage, factor: number): Image | null {
  const { data, width, height, channels } = image;
  const room = channels === 4 ? null : placed([data.length, data.length, data.length]);
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, smooth, out] = places;
  bytes.set(data, source);
  bytes.set(data, smooth);
  kernels.smooth(source, smooth, width * channels, height, channels);
  kernels.blendWithImage(source, smooth, out, data.length, factor);
  return { ...image, data: bytes.slice(out, out + data.length) };
}

/** An RGB image whose hue is shifted. @param shift 0 to 255 */
export function shiftHue(image: ByteImage, shift: number): Image | null {
  if (image.channels !== 3) return null;
  return mapped(image, (kernels, source, out) => kernels.shiftHue(source, out, image.width * image.height, shift));
}
