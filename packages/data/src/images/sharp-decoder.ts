import type { Image } from '@cnnzoo/transforms';
import type { Sharp, SharpOptions } from 'sharp';
import { withChannels } from './channels.js';
import { type GifFrame, gifFrame } from './gif.js';
import type { ImageFormat } from './image-format.js';
import { jpegFrame } from './jpeg-markers.js';

/** A photograph takes milliseconds; libvips gives up on a file that takes longer than this. */
const seconds = 30;
/** Where a PNG says its kind of colours; 0 is grey. */
const pngColourType = 25;
/** Bytes before a PNG's first chunk. */
const pngSignature = 8;

let imported: Promise<typeof import('sharp')> | undefined;

/** Imported once and not for each image: under loaders with hooks, such as tsx, each import takes a third of the time of decoding. */
function sharpModule(): Promise<typeof import('sharp')> {
  imported ??= import('sharp').catch((error: unknown) => {
    imported = undefined;
    throw error;
  });
  return imported;
}

/** Decodes what libvips decodes, to the pixels that Pillow makes of it. */
export async function decodeWithSharp(
  bytes: Uint8Array,
  format: ImageFormat,
  channels: 1 | 3 | 4,
  maxPixels: number,
): Promise<Image> {
  const { default: sharp } = await sharpModule();
  const options: SharpOptions = {
    limitInputPixels: maxPixels,
    ignoreIcc: true,
    // libjpeg and libpng continue after a warning, as in Pillow; libtiff reports missing strips as errors.
    failOn: format === 'TIFF' ? 'error' : 'truncated',
  };
  const open = (file = bytes) => sharp(file, options).timeout({ seconds });
  // libvips would need a twelfth of the decoding's time to say how many components there are.
  if (format === 'JPEG' && jpegFrame(bytes)?.components === 4 && (await open().metadata()).space === 'cmyk')
    return withChannels(await cmyk(open()), channels);
  if (format === 'PNG' || format === 'TIFF') {
    const { space, hasAlpha } = await open().metadata();
    if (space === 'cmyk') return withChannels(await cmyk(open()), channels);
    // One grey of a PNG that stands for transparency (colour type 0) is no alpha beside each grey (4), which Pillow reads otherwise.
    const transparent = format === 'PNG' && bytes[pngColourType] === 0 ? transparentGrey(bytes) : undefined;
    if (space === 'grey16' && (!hasAlpha || transparent !== undefined))
      return withTransparency(await grey16(open()), channels, transparent);
  }
  if (format === 'GIF') return withFrame(gifFrame(bytes), channels, (file, n) => plain(open(file), n));
  return plain(open(), channels);
}

async function plain(decoder: Sharp, channels: 1 | 3 | 4): Promise<Image> {
  const srgb = decoder.toColourspace('srgb');
  const image = await pixels(channels === 4 ? srgb.ensureAlpha() : srgb.removeAlpha());
  return image.channels === channels ? image : withChannels(image, channels);
}

/** By the plain formula of Pillow, without a profile of libvips': ink is light left out. */
async function cmyk(decoder: Sharp): Promise<Image> {
  const { data, width, height } = await pixels(decoder.pipelineColourspace('cmyk').toColourspace('cmyk'));
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const light = 255 - (data[from + 3] ?? 0);
    for (let c = 0; c < 3; c++) {
      // A rounded division by 255.
      const product = (data[from + c] ?? 0) * light + 128;
      rgb[to++] = Math.max(0, light - ((((product >> 8) + product) >> 8) & 255));
    }
  }
  return { data: rgb, width, height, channels: 3 };
}

/** Pillow cuts 16-bit grey off at 255: depth maps of small values stay as they are. */
async function grey16(decoder: Sharp): Promise<Image> {
  const { data, info } = await decoder
    .removeAlpha()
    .pipelineColourspace('grey16')
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // libvips gives the machine's byte order, which is little-endian wherever Node runs.
  const grey = Uint8Array.from({ length: data.length / 2 }, (_, i) => Math.min(255, values.getUint16(2 * i, true)));
  return { data: grey, width: info.width, height: info.height, channels: 1 };
}

/** The grey that a PNG of 16 bits says is transparent, as Pillow compares it: its lower byte. */
function transparentGrey(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = pngSignature; at + 10 <= bytes.length; ) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === 'tRNS') return bytes[at + 9];
    if (kind === 'IDAT') return undefined;
    at += 12 + view.getUint32(at);
  }
  return undefined;
}

/** Grey with other channels, whose alpha is 0 where it is `transparent`. */
function withTransparency(grey: Image, channels: 1 | 3 | 4, transparent: number | undefined): Image {
  const image = withChannels(grey, channels);
  if (channels === 4)
    for (const [i, value] of grey.data.entries()) if (value === transparent) image.data[4 * i + 3] = 0;
  return image;
}

/** libvips makes a GIF's transparent pixels black; Pillow leaves them their colour, and gives it to what the first frame leaves free. */
async function withFrame(
  frame: GifFrame,
  channels: 1 | 3 | 4,
  decode: (file: Uint8Array, channels: 3 | 4) => Promise<Image>,
): Promise<Image> {
  const { width, height, data } = await decode(frame.opaqueFile, 3);
  const { left, top, right, bottom, background, transparent } = frame;
  const rgb = new Uint8Array(data);
  const row = Uint8Array.from({ length: 3 * width }, (_, i) => background[i % 3] ?? 0);
  for (let y = 0; y < height; y++) {
    const outside = y < top || y >= bottom;
    const [leftEnd, rightStart] = outside ? [width, width] : [Math.min(left, width), Math.min(right, width)];
    if (leftEnd > 0) rgb.set(row.subarray(0, 3 * leftEnd), 3 * y * width);
    if (rightStart < width) rgb.set(row.subarray(3 * rightStart), 3 * (y * width + rightStart));
  }
  const image = withChannels({ data: rgb, width, height, channels: 3 }, channels);
  if (channels !== 4) return image;
  const withAlpha = transparent ? (await decode(frame.file, 4)).data : undefined;
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = withAlpha?.[i] ?? 255;
  return image;
}

async function pixels(decoder: Sharp): Promise<Image> {
  const { data, info } = await decoder.raw().toBuffer({ resolveWithObject: true });
  return {
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    width: info.width,
    height: info.height,
    channels: info.channels,
  };
}
