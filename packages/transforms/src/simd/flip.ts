import type { Image } from '../image/image.js';
import { placed } from './kernels.js';

/** An RGB image of bytes, mirrored in WebAssembly; null where JavaScript has to. */
export function mirrored(image: Image): Image | null {
  const { data, width, height, channels } = image;
  const room = channels === 3 && !(data instanceof Float32Array) ? placed([data.length, data.length]) : null;
  if (room === null) return null;
  const { kernels, bytes, places } = room;
  const [source, out] = places;
  bytes.set(data, source);
  kernels.mirrorRgb(source, out, width, height);
  return { ...image, data: bytes.slice(out, out + data.length) };
}
