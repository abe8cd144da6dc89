/** Two loaders have the key of an image in common where it is the same image, and only there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrayDataset } from '../datasets/array-dataset.js';
import type { Dataset } from '../datasets/dataset.js';
import { imageFolder } from '../datasets/image-folder.js';
import { subset } from '../datasets/subset.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { DataLoader } from './data-loader.js';
import { subsetSampler } from './sampler.js';

const count = 12;
const options = { width: 1, height: 1, channels: 1, categories: ['a'] };
const arrays = () => arrayDataset({ data: new Uint8Array(count), labels: new Uint8Array(count), ...options });
/** A data set that says nothing of where its images are. */
const own = (): Dataset => ({
  length: count,
  categories: ['a'],
  get: () => ({ image: { data: new Uint8Array(1), width: 1, height: 1, channels: 1 }, label: 0 }),
});
const keysOf = (dataset: Dataset, sampler?: number[]) => [
  ...new DataLoader(dataset, {
    batchSize: 5,
    ...(sampler === undefined ? { shuffle: true, seed: 3 } : { sampler: subsetSampler(sampler) }),
  }).imageKeys(),
];
const shared = (one: readonly string[], other: readonly string[]) => one.filter((key) => other.includes(key)).length;

test.each([
  ['in memory', arrays],
  ['of a data set of the user', own],
])('images %s', (_, make) => {
  const dataset = make();
  const places = fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1 });
  fc.assert(
    fc.property(places, places, fc.boolean(), fc.boolean(), (one, other, bySampler, nested) => {
      const both = one.filter((place) => other.includes(place)).length;
      const first = keysOf(subset(dataset, one));
      const part = subset(nested ? subset(dataset, other) : dataset, nested ? [...other.keys()] : other);
      const second = bySampler ? keysOf(dataset, other) : keysOf(part);
      expect(new Set(first).size).toBe(one.length);
      expect(shared(first, second)).toBe(both);
      expect(shared(first, keysOf(dataset))).toBe(one.length);
      expect(shared(first, keysOf(make()))).toBe(0);
    }),
  );
});

test('images in folders, by whichever path', async () => {
  const folder = temporaryFolder();
  for (const name of ['cat', 'dog']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, '1.png'), '');
  }
  const there = keysOf(await imageFolder(folder));
  expect(new Set(there).size).toBe(2);
  expect(shared(there, keysOf(await imageFolder(relative(process.cwd(), folder))))).toBe(2);
});

test("the loader's seed is the option's, or 0", () => {
  expect(new DataLoader(own(), { batchSize: 1 }).seed).toBe(0);
  expect(new DataLoader(own(), { batchSize: 1, seed: 7 }).seed).toBe(7);
});
