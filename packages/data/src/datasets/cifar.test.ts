import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { cifar10, cifar100 } from './cifar.js';

const folder = temporaryFolder();

/** A record whose red is 1, 2, 3, … and whose green and blue are 100 and 200. */
function record(...labels: number[]): Buffer {
  const planes = [Array.from({ length: 1024 }, (_, i) => i & 63), Array(1024).fill(100), Array(1024).fill(200)];
  return Buffer.from([...labels, ...planes.flat()]);
}

function write(name: string, files: Record<string, Buffer>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes);
  return path;
}

test('CIFAR-10: five training files, one test file, planes become pixels', async () => {
  const batches = Object.fromEntries(
    [1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, Buffer.concat([record(n), record(9)])]),
  );
  const path = write('cifar10', { ...batches, 'test_batch.bin': record(3) });
  const train = await cifar10(path, { split: 'train' });
  expect([...train.labels]).toEqual([1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
  expect(train.categories[9]).toBe('truck');
  const { image } = train.get(9);
  expect(image).toMatchObject({ width: 32, height: 32, channels: 3 });
  expect([...image.data.subarray(0, 9)]).toEqual([0, 100, 200, 1, 100, 200, 2, 100, 200]);
  expect((await cifar10(path, { split: 'test' })).length).toBe(1);
});

test('CIFAR-100: the fine label counts', async () => {
  const path = write('cifar100', { 'train.bin': record(19, 99), 'test.bin': record(4, 0) });
  const train = await cifar100(path, { split: 'train' });
  expect(train.categories[train.get(0).label]).toBe('worm');
  expect((await cifar100(path, { split: 'test' })).get(0).label).toBe(0);
});

test('bad files are named', async () => {
  const truncated = write('truncated', { 'test_batch.bin': record(3).subarray(0, 3000) });
  await expect(cifar10(truncated, { split: 'test' })).rejects.toThrow(
    /test_batch.bin: truncated or corrupt: 3000 bytes, expected a multiple of 3073/,
  );
  const label = write('label', { 'test_batch.bin': Buffer.concat([record(3), record(10)]) });
  await expect(cifar10(label, { split: 'test' })).rejects.toThrow(
    /test_batch.bin: label 10 of image 1, expected 0 to 9/,
  );
  await expect(cifar10(label, { split: 'train' })).rejects.toThrow(/data_batch_1.bin: cannot be read/);
});
