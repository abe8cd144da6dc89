import { check, checkOptions, integer, listOf, oneOf, optional, rule, string } from '@cnnzoo/checks';
import type { Source } from '@cnnzoo/files';
import type { Image } from '@cnnzoo/transforms';
import { sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { readFileBytes } from '../datasets/named-files.js';
import { decodeBmp } from './bmp.js';
import { withChannels } from './channels.js';
import { formatNames, type ImageFormat, imageEnding, imageFormat, imageFormats } from './image-format.js';
import { checkMarkers, jpegFrame } from './jpeg-markers.js';
import { checkScans } from './jpeg-scans.js';
import { decodeByLibjpeg } from './libjpeg/libjpeg.js';
import { chunksOf, packedAnew, pngAsPillowReads } from './png-chunks.js';
import { decodePpm } from './ppm.js';
import { decodeWithSharp } from './sharp-decoder.js';
import { decodeSmallPng } from './small-png.js';

/** How images are decoded. */
export interface Decoding {
  /** 1: grey, 3: RGB, 4: RGB and alpha. */
  readonly channels: 1 | 3 | 4;
  /**
   * An image with more pixels than this is refused before it is decoded. Default: Pillow's limit of 178,956,970, and above 16 million
   * at most 50 a byte of the file, which no photograph reaches.
   */
  readonly maxPixels?: number | undefined;
  /** The formats that may reach a decoder, by a file's first bytes. Default: all. */
  readonly formats?: readonly ImageFormat[] | undefined;
}

/** Twice the number from which Pillow warns of a decompression bomb: from there on it refuses. */
const pillowLimit = 178_956_970;

/** A PNG of at most so many pixels is decoded without libvips, whose preparations take longer than the decoding. */
const mostPngPixels = 128 * 128;
/** A JPEG of at most so many pixels is decoded in this thread, in some 5 ms; larger ones by libvips, which uses threads of its own. */
const mostJpegPixels = 2 ** 20;
/** A larger file has more than such pixels in it, and is left to libvips. */
const mostBytes = 2 ** 20;

/** Decoders that read without sharp: small formats that libvips' build in sharp lacks. */
const ownDecoders = { BMP: decodeBmp, PPM: decodePpm } as const;

/**
 * Decodes a JPEG, PNG, WebP, GIF (its first frame), TIFF (its first page), BMP or PPM file to what Pillow's `convert` gives: embedded
 * colour profiles and orientation are not applied. The first bytes of the file decide which format it is, whatever its name says; any other,
 * such as SVG, reaches no decoder. Of TIFF, whose decoder has had the most faults, the name must not say something else.
 * @param bytes of the file
 * @param name how error messages call it
 * @param decoding channels of the result (default 3, RGB), and the largest number of pixels
 * @returns 8-bit pixels
 * @throws DataError where the bytes are no such image, are truncated or corrupt, or would be too many pixels
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { decodeImage } from '@cnnzoo/data';
 * const { width, height } = await decodeImage(await readFile('photo.jpg'), 'photo.jpg');
 */
export async function decodeImage(bytes: Uint8Array, name: string, decoding: Partial<Decoding> = {}): Promise<Image> {
  return decode(bytes, name, decoding, false);
}

/** `decodeImage`, of a JPEG without a copy: its pixels may last only until the next image is decoded in this thread. */
export async function decodeLent(bytes: Uint8Array, name: string, decoding: Partial<Decoding>): Promise<Image> {
  return decode(bytes, name, decoding, true);
}

async function decode(bytes: Uint8Array, name: string, decoding: Partial<Decoding>, lent: boolean): Promise<Image> {
  check(
    'bytes',
    bytes,
    rule<Uint8Array>('a Uint8Array', (value) => value instanceof Uint8Array),
  );
  check('name', name, string());
  const {
    channels = 3,
    maxPixels = Math.min(pillowLimit, Math.max(16e6, 50 * bytes.length)),
    formats = imageFormats,
  } = checkOptions<Partial<Decoding>>('decodeImage', decoding, {
    channels: optional(oneOf([1, 3, 4])),
    maxPixels: optional(integer(1)),
    formats: optional(listOf(oneOf(imageFormats), 1)),
  });
  const format = imageFormat(bytes);
  if (format === undefined)
    throw new DataError(
      name,
      `not a ${formats === imageFormats ? formatNames : formats.join(' or ')} file (${bytes.length} bytes)`,
    );
  if (!formats.includes(format)) throw new DataError(name, `a ${format} file, expected ${formats.join(', ')}`);
  if (format === 'TIFF' && imageEnding.test(name) && !/\.tiff?$/i.test(name))
    throw new DataError(name, 'a TIFF file by its first bytes, and another by its name: rename it to .tif');
  try {
    if (format === 'BMP' || format === 'PPM') return withChannels(ownDecoders[format](bytes, maxPixels), channels);
    if (format === 'JPEG') return await decodeJpeg(bytes, channels, maxPixels, lent);
    if (format === 'PNG') return await decodePng(pngAsPillowReads(bytes), channels, maxPixels);
    return await decodeWithSharp(bytes, format, channels, maxPixels);
  } catch (cause) {
    throw new DataError(name, `cannot be decoded (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}

async function decodeJpeg(bytes: Uint8Array, channels: 1 | 3 | 4, maxPixels: number, lent: boolean): Promise<Image> {
  const { width = 0, height = 0, components } = jpegFrame(bytes) ?? {};
  checkScans(bytes, width, height);
  checkMarkers(bytes);
  const mostPixels = Math.min(mostJpegPixels, maxPixels);
  const isSmall = width * height <= mostPixels && bytes.length <= mostBytes && components !== 4;
  const image = isSmall ? await decodeByLibjpeg(bytes, mostPixels, lent) : null;
  return image === null ? decodeWithSharp(bytes, 'JPEG', channels, maxPixels) : withChannels(image, channels);
}

async function decodePng(bytes: Uint8Array, channels: 1 | 3 | 4, maxPixels: number): Promise<Image> {
  const mostPixels = Math.min(mostPngPixels, maxPixels);
  const small = bytes.length <= mostBytes ? decodeSmallPng([...chunksOf(bytes)], mostPixels) : null;
  if (small !== null) return withChannels(small, channels);
  try {
    return await decodeWithSharp(bytes, 'PNG', channels, maxPixels);
  } catch (cause) {
    const mended = packedAnew(bytes);
    if (mended === null) throw cause;
    return decodeWithSharp(mended, 'PNG', channels, maxPixels);
  }
}

/**
 * Reads and decodes an image file. See {@link decodeImage}.
 * @param source its path, file or https URL, bytes, Blob or { size, read }
 * @throws DataError, naming the file, where it cannot be read or is no such image
 * @example
 * import { readImage } from '@cnnzoo/data';
 * const { width, height, channels } = await readImage('photo.jpg');
 */
export async function readImage(source: Source, decoding: Partial<Decoding> = {}): Promise<Image> {
  const name = sourceName(source);
  return decodeImage(await readFileBytes({ name, source }), name, decoding);
}
