/** libjpeg-turbo in WebAssembly gives the pixels that libvips' gives. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage } from '../decode-image.js';
import { decodeWithSharp } from '../sharp-decoder.js';
import { decodeByLibjpeg } from './libjpeg.js';
import { sources } from './module.js';

const limit = 2 ** 20;

test('the module was made from the sources beside it', () => {
  const folder = new URL('../../../libjpeg/', import.meta.url);
  const names = readdirSync(folder);
  const ordered = ['.c', '.h'].flatMap((ending) => names.filter((name) => name.endsWith(ending)).sort());
  const hash = createHash('sha256');
  for (const name of ordered) hash.update(readFileSync(new URL(name, folder)));
  // Where this fails: `pnpm run libjpeg` makes the module.
  expect(hash.digest('hex')).toBe(sources);
});

const [side, channels, quality] = [
  fc.integer({ min: 1, max: 100 }),
  fc.constantFrom(1, 3),
  fc.integer({ min: 1, max: 100 }),
];
const chromaSubsampling = fc.constantFrom('4:2:0', '4:4:4');
/** Smooth images, noise, and noise of the two extremes, whose sums leave 8 bits. */
const kind = fc.constantFrom('smooth', 'noise', 'extremes');

test('drawn images', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ width: side, height: side, channels, kind, seed: fc.nat() }),
      fc.record({ quality, chromaSubsampling, progressive: fc.boolean(), optimiseCoding: fc.boolean() }),
      async ({ width, height, channels, kind, seed }, options) => {
        let state = seed;
        const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          if (kind === 'smooth') return (i * (seed % 5)) / channels;
          return kind === 'noise' ? state >>> 24 : state >>> 31 && 255;
        });
        const jpeg = await sharp(data, { raw: { width, height, channels: channels as 1 | 3 } })
          .jpeg(options)
          .toBuffer();
        const image = await decodeByLibjpeg(jpeg, limit);
        expect(image).not.toBeNull();
        expect(await decodeImage(jpeg, 'a.jpg')).toEqual(await decodeWithSharp(jpeg, 'JPEG', 3, limit));
      },
    ),
    { numRuns: 150 },
  );
});

test('a file without tables is refused, and not read with those of the file before', async () => {
  const folder = new URL('../../fixtures/pillow/', import.meta.url);
  const bytes = readFileSync(new URL('rgb-420.jpg', folder));
  expect(await decodeByLibjpeg(bytes, limit)).not.toBeNull();
  const tables = bytes.indexOf(Buffer.from([0xff, 0xdb]));
  const end = tables + 2 + bytes.readUInt16BE(tables + 2);
  const without = Buffer.concat([bytes.subarray(0, tables), bytes.subarray(end)]);
  expect(await decodeByLibjpeg(without, limit)).toBeNull();
  await expect(decodeImage(without, 'a.jpg')).rejects.toThrow(/a\.jpg: cannot be decoded/);
  expect(await decodeByLibjpeg(bytes, limit)).not.toBeNull();
});

test('an image of the largest size, and a file of many scans', async () => {
  const noise = Uint8Array.from({ length: 3 * limit }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);
  for (const progressive of [false, true]) {
    const jpeg = await sharp(noise, { raw: { width: 1024, height: 1024, channels: 3 } })
      .jpeg({ quality: 60, progressive })
      .toBuffer();
    const [here, there] = [await decodeByLibjpeg(jpeg, limit), await decodeWithSharp(jpeg, 'JPEG', 3, limit)];
    expect(Buffer.from(here?.data ?? []).equals(Buffer.from(there.data))).toBe(true);
  }
});
