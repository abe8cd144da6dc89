import { readFile } from 'node:fs/promises';
import { grayscale, type Image } from '@cnnzoo/transforms';
import type { Sharp } from 'sharp';
import { DataError } from '../data-error.js';

/** How pictures are decoded. */
export interface Decoding {
  /** 1: grey, 3: RGB, 4: RGB and alpha. */
  readonly channels: 1 | 3 | 4;
  /** A picture with more pixels than this is refused before it is decoded. */
  readonly maxPixels: number;
}

/** Twice the number from which Pillow warns of a decompression bomb: from there on it refuses. */
export const defaultMaxPixels = 178_956_970;

const signatures: readonly (readonly [offset: number, bytes: string])[] = [
  [0, '\xff\xd8\xff'], // JPEG
  [0, '\x89PNG\r\n\x1a\n'],
  [8, 'WEBP'],
];

/**
 * Decodes a JPEG, PNG or WebP file as Pillow does: embedded colour profiles and orientation are not applied.
 * @param bytes of the file
 * @param name how error messages call it
 * @param decoding channels of the result (default 3, RGB), and the largest number of pixels (default 178,956,970, Pillow's limit)
 * @returns 8-bit pixels
 * @throws DataError where the bytes are no such picture, are truncated or corrupt, or would be too many pixels
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { decodeImage } from '@cnnzoo/data';
 * const { width, height } = await decodeImage(await readFile('photo.jpg'), 'photo.jpg');
 */
export async function decodeImage(bytes: Uint8Array, name: string, decoding: Partial<Decoding> = {}): Promise<Image> {
  const { channels = 3, maxPixels = defaultMaxPixels } = decoding;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  if (!signatures.some(([offset, signature]) => head.startsWith(signature, offset)))
    throw new DataError(name, `not a JPEG, PNG or WebP picture (${bytes.length} bytes)`);
  const { default: sharp } = await import('sharp');
  const decoder = sharp(bytes, { limitInputPixels: maxPixels, ignoreIcc: true }).toColourspace('srgb');
  const { data, info } = await pixels(channels === 4 ? decoder.ensureAlpha() : decoder.removeAlpha(), name);
  const image = { data, width: info.width, height: info.height, channels: info.channels };
  if (channels === 1) return grayscale(1)(image);
  return image.channels === 1 ? grayscale(3)(image) : image;
}

/**
 * Reads and decodes a JPEG, PNG or WebP file. See {@link decodeImage}.
 * @throws DataError, naming the file, where it cannot be read or is no such picture
 * @example
 * import { readImage } from '@cnnzoo/data';
 * const { width, height, channels } = await readImage('photo.jpg');
 */
export async function readImage(path: string, decoding: Partial<Decoding> = {}): Promise<Image> {
  const bytes = await readFile(path).catch((cause) => {
    throw new DataError(path, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  });
  return decodeImage(bytes, path, decoding);
}

async function pixels(decoder: Sharp, name: string) {
  try {
    const { data, info } = await decoder.raw().toBuffer({ resolveWithObject: true });
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), info };
  } catch (cause) {
    throw new DataError(name, `cannot be decoded (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}
