import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Source } from '@cnnzoo/files';
import { describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { encoded } from '../fixtures/images.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { readImage } from '../images/decode-image.js';
import { cifar10, cifar100 } from './cifar.js';
import { readIdx } from './idx.js';
import { mnist } from './mnist.js';

const folder = temporaryFolder();
const idxHeader = (...sizes: number[]) => {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length, 0);
  sizes.forEach((size, axis) => void header.writeUInt32BE(size, 4 + 4 * axis));
  return header;
};
const images = Buffer.concat([idxHeader(2, 2, 3), Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])]);
const labels = Buffer.concat([idxHeader(2), Buffer.from([7, 3])]);
const cifarRecord = Buffer.from(Uint8Array.from({ length: 3074 }, (_, i) => (i < 2 ? 3 : i % 251)));
const png = await encoded('png', [1, 2, 3]);

/** The same bytes from everywhere. */
function sourcesOf(name: string, bytes: Buffer): Record<string, Source> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const shifted = Buffer.alloc(bytes.length + 13, 7);
  shifted.set(bytes, 13);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return {
    path,
    'a file URL': pathToFileURL(path),
    'a file URL as a string': pathToFileURL(path).href,
    'a Buffer': Buffer.from(bytes),
    'a Buffer at an odd offset': shifted.subarray(13),
    'a Uint8Array': new Uint8Array(bytes),
    'an ArrayBuffer': new Uint8Array(bytes).buffer,
    'a SharedArrayBuffer': shared.buffer,
    'a Blob': new Blob([new Uint8Array(bytes)]),
    'a reader of Buffers': {
      size: bytes.length,
      read: async (offset: number, length: number) => shifted.subarray(13 + offset, 13 + offset + length),
    },
  };
}

const readers: Record<string, { bytes: Buffer; read: (source: Source) => Promise<unknown> }> = {
  IDX: { bytes: images, read: async (source) => [...(await readIdx(source, 3)).data] },
  'gzipped IDX': { bytes: gzipSync(images), read: async (source) => [...(await readIdx(source, 3)).data] },
  MNIST: {
    bytes: images,
    read: async (source) => {
      const files = { 't10k-images-idx3-ubyte': source, 't10k-labels-idx1-ubyte.gz': gzipSync(labels) };
      const { image, label } = (await mnist(files, { split: 'test' })).get(1);
      return [label, ...image.data];
    },
  },
  'CIFAR-10': {
    bytes: cifarRecord.subarray(1),
    read: async (source) => [...(await cifar10({ 'test_batch.bin': source }, { split: 'test' })).get(0).image.data],
  },
  'CIFAR-100': {
    bytes: cifarRecord,
    read: async (source) => [...(await cifar100({ 'test.bin': source }, { split: 'test' })).get(0).image.data],
  },
  'an image': { bytes: png, read: async (source) => [...(await readImage(source)).data] },
};

describe.each(Object.entries(readers))('%s', (name, { bytes, read }) => {
  const sources = sourcesOf(name, bytes);

  test.each(Object.entries(sources))('from %s has the same values, and leaves the bytes alone', async (_, source) => {
    const before = source instanceof Uint8Array ? Buffer.from(source) : undefined;
    expect(await read(source)).toEqual(await read(sources['path'] ?? ''));
    if (source instanceof Uint8Array) expect(Buffer.compare(source, before ?? Buffer.alloc(0))).toBe(0);
  });

  test('from what is no source is refused in words', async () => {
    for (const wrong of [null, 7, {}, join(folder, 'nowhere')])
      await expect(read(wrong as never)).rejects.toThrow(/must be|cannot be read/);
  });
});

test('a folder may be a file URL', async () => {
  const place = join(folder, 'mnist');
  mkdirSync(place);
  writeFileSync(join(place, 't10k-images-idx3-ubyte'), images);
  writeFileSync(join(place, 't10k-labels-idx1-ubyte'), labels);
  expect((await mnist(pathToFileURL(place), { split: 'test' })).length).toBe(2);
});

describe('a gzipped IDX file takes no more memory than its header and its size allow', () => {
  const packed = (head: Buffer, zeros: number) => gzipSync(Buffer.concat([head, Buffer.alloc(zeros)]));
  test.each<[string, Buffer, RegExp]>([
    ['zeros without a header', packed(Buffer.alloc(0), 2 ** 24), /wrong magic number 0x00000000/],
    ['more than the header says', packed(idxHeader(10), 2 ** 24), /too long/],
    ['a header of 4 GiB', packed(idxHeader(2 ** 16, 2 ** 8, 2 ** 8), 100), /unpacks from \d+ to 4294967312 bytes/],
    ['cut off', packed(idxHeader(1000), 1000).subarray(0, 24), /corrupt gzip|truncated/],
  ])('%s', async (_, bytes, message) => {
    await expect(readIdx(bytes, message.source.includes('4294967312') ? 3 : 1)).rejects.toThrow(message);
    await expect(readIdx(bytes, 3)).rejects.toThrow(DataError);
  });
});
