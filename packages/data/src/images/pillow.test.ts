import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { decodeImage } from './decode-image.js';

/** What Pillow makes of a file: the CRC-32 of its pixels in each mode, or why it refuses it. Made by fixtures/make_images.py. */
type Facts =
  | { readonly width: number; readonly height: number; readonly L: number; readonly RGB: number; readonly RGBA: number }
  | { readonly error: string };

const folder = new URL('../fixtures/pillow/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder));
const { files } = JSON.parse(read('images.json').toString()) as { files: Record<string, Facts> };
const modes = [
  ['L', 1],
  ['RGB', 3],
  ['RGBA', 4],
] as const;

/** What Pillow 13 refuses though nothing is wrong: an order of four bytes it does not list, and a grey palette of 4 bits. */
const readHereOnly = ['bgrx32.bmp', 'grey4.bmp'];

describe('images are what Pillow makes of them, pixel for pixel', () => {
  test.each(Object.entries(files))('%s', async (name, facts) => {
    const bytes = read(name);
    const before = crc32(bytes);
    for (const [mode, channels] of modes) {
      const decoded = decodeImage(bytes, name, { channels });
      if ('error' in facts) {
        if (readHereOnly.includes(name)) expect((await decoded).channels).toBe(channels);
        else await expect(decoded).rejects.toThrow(DataError);
        continue;
      }
      const { width, height, data, channels: found } = await decoded;
      expect({ mode, width, height, channels: found, crc32: crc32(data as Uint8Array) }).toEqual({
        mode,
        width: facts.width,
        height: facts.height,
        channels,
        crc32: facts[mode],
      });
    }
    expect(crc32(bytes)).toBe(before);
  });
});

describe('what is no image in one of the formats reaches no decoder', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>';
  test.each<[string, string | Uint8Array]>([
    ['SVG', svg],
    ['SVG with WEBP where WebP has it', `<svg    WEBP="1"${svg.slice(4)}`],
    ['RIFF of another kind', 'RIFF\0\0\0\0WAVEfmt '],
    ['AVIF', '\0\0\0\x20ftypavif\0\0\0\0avif'],
    ['PDF', '%PDF-1.7 '],
    ['a text that begins with BM', 'BMW and other cars, a list'],
    ['a text that begins with P1', 'P1_notes'],
    ['nothing', ''],
    ['one byte', 'B'],
  ])('%s', async (_, text) => {
    await expect(decodeImage(Buffer.from(text), 'a.png')).rejects.toThrow(
      /a\.png: not a JPEG, PNG, WebP, GIF, TIFF, BMP or PPM file/,
    );
  });
});

test('a TIFF whose name says that it is something else is refused; one without such a name is read', async () => {
  const tiff = read('RGB.tif');
  for (const name of ['a.png', 'a.JPEG', 'a.webp'])
    await expect(decodeImage(tiff, name)).rejects.toThrow(
      `${name}: a TIFF file by its first bytes, and another by its name`,
    );
  for (const name of ['a.tif', 'a.TIFF', 'upload']) expect((await decodeImage(tiff, name)).channels).toBe(3);
});

describe('the limit of pixels', () => {
  const ppm = (side: number) => Buffer.concat([Buffer.from(`P5\n${side} ${side}\n255\n`), Buffer.alloc(4)]);

  test.each([['rgb-444.jpg'], ['RGB.png'], ['lossy.webp'], ['P.gif'], ['RGB.tif'], ['RGB.bmp'], ['rgb.ppm']])(
    '%s',
    async (name) => {
      await expect(decodeImage(read(name), name, { maxPixels: 20 })).rejects.toThrow(/exceed|limit/);
    },
  );

  test('holds before anything is allocated: a file of a few bytes that says it is huge', async () => {
    await expect(decodeImage(ppm(6000), 'a.pgm')).rejects.toThrow('6000 x 6000');
    await expect(decodeImage(ppm(4000), 'a.pgm')).rejects.toThrow('truncated');
    await expect(decodeImage(ppm(99999), 'a.pgm')).rejects.toThrow('exceed the limit of 16000000; set maxPixels');
  });
});
