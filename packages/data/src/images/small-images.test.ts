/** Small JPEG and PNG files are decoded without libvips. What libvips makes of the same files must be the same. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Image } from '@cnnzoo/transforms';
import { expect, test, vi } from 'vitest';
import { type DamagedCase, damagedFile } from '../fixtures/damaged.js';
import { withChannels } from './channels.js';
import { decodeImage } from './decode-image.js';
import { jpegFrame } from './jpeg-markers.js';
import { decodeByLibjpeg } from './libjpeg/libjpeg.js';
import { chunksOf, pngAsPillowReads } from './png-chunks.js';
import { decodeWithSharp } from './sharp-decoder.js';
import { decodeSmallPng } from './small-png.js';

const folder = new URL('../fixtures/pillow/', import.meta.url);
const whole = readdirSync(folder)
  .filter((name) => /\.(jpg|png)$/.test(name))
  .map((file): [string, Buffer] => [file, readFileSync(new URL(file, folder))]);
const cases = JSON.parse(readFileSync(new URL('../fixtures/damaged.json', import.meta.url), 'utf8')) as DamagedCase[];
const files = [...whole, ...cases.map((damaged): [string, Buffer] => [damaged.file, damagedFile(damaged)])];

const limit = 1e6;
const asRgb = (image: Image) => ({ ...withChannels(image, 3), channels: 3 });
/** Null where it is not decoded here; undefined where it is refused before any decoder. */
async function bySmall(file: string, bytes: Buffer): Promise<Image | null | undefined> {
  if (file.endsWith('.jpg')) return jpegFrame(bytes)?.components === 4 ? null : decodeByLibjpeg(bytes, limit);
  try {
    return decodeSmallPng([...chunksOf(pngAsPillowReads(bytes))], limit);
  } catch {
    return undefined;
  }
}

test('what is decoded without libvips has the pixels that libvips gives', async () => {
  const decoded = { jpg: 0, png: 0 };
  for (const [file, bytes] of files) {
    const small = await bySmall(file, bytes);
    if (small === null || small === undefined) continue;
    const format = file.endsWith('.jpg') ? 'JPEG' : 'PNG';
    const original = format === 'PNG' ? pngAsPillowReads(bytes) : bytes;
    expect(asRgb(small), file).toEqual(await decodeWithSharp(original, format, 3, limit));
    decoded[format === 'JPEG' ? 'jpg' : 'png']++;
  }
  expect(decoded.jpg).toBeGreaterThan(20);
  expect(decoded.png).toBeGreaterThan(15);
});

test('after many files that are refused, the next one is decoded', async () => {
  const bytes = readFileSync(new URL('rgb-420.jpg', folder));
  const expected = await decodeImage(bytes, 'rgb-420.jpg');
  for (let i = 0; i < 350; i++) expect(await decodeByLibjpeg(bytes.subarray(0, bytes.length - 40), limit)).toBeNull();
  expect(await decodeByLibjpeg(bytes, limit)).toEqual(expected);
});

test('files of several images are decoded at once, each to its own pixels', async () => {
  const jpegs = whole.filter(([file]) => file.startsWith('rgb-4'));
  const one = await Promise.all(jpegs.map(([file, bytes]) => decodeImage(bytes, file)));
  const alone: Image[] = [];
  for (const [file, bytes] of jpegs) alone.push(await decodeImage(bytes, file));
  expect(one).toEqual(alone);
  expect(new Set(one.map(({ data }) => data.buffer)).size).toBe(jpegs.length);
});

test('the decoder looks at the size itself before it decodes', async () => {
  const bytes = readFileSync(new URL('rgb-420.jpg', folder));
  const { width = 0, height = 0 } = jpegFrame(bytes) ?? {};
  expect(await decodeByLibjpeg(bytes, width * height - 1)).toBeNull();
  expect(await decodeByLibjpeg(bytes, width * height)).not.toBeNull();
});

test('where there is no WebAssembly, libvips decodes', async () => {
  const bytes = readFileSync(new URL('rgb-420.jpg', folder));
  const expected = await decodeImage(bytes, 'a.jpg');
  vi.resetModules();
  vi.stubGlobal('WebAssembly', undefined);
  try {
    const jpeg = await import('./libjpeg/libjpeg.js');
    expect(await jpeg.decodeByLibjpeg(bytes, limit)).toBeNull();
    const image = await import('./decode-image.js');
    expect(await image.decodeImage(bytes, 'a.jpg')).toEqual(expected);
  } finally {
    vi.unstubAllGlobals();
    // Other files may run in this process, and would find the modules that had no WebAssembly.
    vi.resetModules();
  }
});

test('an image is small up to a limit that the caller may lower', async () => {
  const bytes = readFileSync(new URL('rgb-420.jpg', folder));
  await expect(decodeImage(bytes, 'a.jpg', { maxPixels: 10 })).rejects.toThrow(/a\.jpg/);
  await expect(decodeImage(readFileSync(new URL('RGB.png', folder)), 'a.png', { maxPixels: 10 })).rejects.toThrow(
    /a\.png/,
  );
});
