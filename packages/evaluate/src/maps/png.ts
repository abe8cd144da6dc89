import { check } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';
import { imageRule } from '../image-rule.js';

/**
 * An image as a PNG file.
 * @param image 8-bit with 1 to 4 channels; floats are taken as 0 to 1
 * @returns the bytes of the file
 * @throws RangeError where it has more channels than a PNG can have
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { gradCam, toPng } from '@cnnzoo/evaluate';
 * const { overlay } = await gradCam(model, image);
 * await writeFile('why.png', await toPng(overlay));
 */
export async function toPng(image: Image): Promise<Uint8Array> {
  const { data, width, height, channels } = check('image', image, imageRule);
  if (channels < 1 || channels > 4) throw new RangeError(`image has ${channels} channels, expected 1 to 4`);
  const bytes = data instanceof Float32Array ? Uint8Array.from(data, (value) => clipped(value * 255)) : data;
  // ES modules only, so that a CommonJS build can have it, too.
  const { encode } = await import('fast-png');
  return encode({ data: Uint8Array.from(bytes), width, height, channels, depth: 8 });
}

/** An image as an address that a page can hold. */
export async function toDataUrl(image: Image): Promise<string> {
  const bytes = await toPng(image);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}

function clipped(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
