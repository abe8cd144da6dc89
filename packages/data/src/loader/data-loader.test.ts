import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  compose,
  cutmix,
  type Image,
  mixup,
  normalize,
  randAugment,
  randomCrop,
  randomGenerator,
  randomHorizontalFlip,
  resize,
  toTensor,
} from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { DataError } from '../data-error.js';
import { arrayDataset } from '../datasets/array-dataset.js';
import type { Dataset } from '../datasets/dataset.js';
import { imageFolder } from '../datasets/image-folder.js';
import { makeFolder } from '../fixtures/images.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { DataLoader } from './data-loader.js';
import type { DataLoaderOptions } from './data-loader-options.js';
import { type Sampler, shardSampler, shuffledSampler, subsetSampler, weightedSampler } from './sampler.js';

const temporary = temporaryFolder();
let folderOfImages: Dataset;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const folder = join(temporary, 'images');
  await makeFolder(folder, ['a', 'b', 'c'], 7);
  folderOfImages = await imageFolder(folder);
});

/** Image i is one pixel of value i; its label is i modulo 10. */
function numbers(count: number): Dataset {
  const data = Float32Array.from({ length: count }, (_, i) => i);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  return arrayDataset({ data, labels, width: 1, height: 1, channels: 1, categories: [...'0123456789'] });
}

interface Seen {
  readonly shape: readonly number[];
  readonly pixels: number[];
  readonly labels: number[];
}

async function epoch(loader: DataLoader, index = 0, fromBatch = 0): Promise<Seen[]> {
  const batches: Seen[] = [];
  for await (const { images, labels } of loader.epoch(index, fromBatch)) {
    batches.push({ shape: images.shape, pixels: [...images.dataSync()], labels: [...labels.dataSync()] });
    images.dispose();
    labels.dispose();
  }
  return batches;
}

const order = (batches: Seen[]) => batches.flatMap(({ pixels }) => pixels);
const digest = (batches: Seen[]) => createHash('sha256').update(JSON.stringify(batches)).digest('hex');
/** The worker threads of this process that are alive. */
const workersLeft = (): unknown[] => (process.report.getReport() as { workers: unknown[] }).workers;
/** Waits for threads to start or end: the operating system takes its time. */
const workersToBe = (count: number) =>
  vi.waitFor(() => expect(workersLeft()).toHaveLength(count), { timeout: 200_000, interval: 20 });

describe('order', () => {
  test('without shuffling it is the data set’s; the last batch is smaller, or left out', async () => {
    const loader = new DataLoader(numbers(10), { batchSize: 4 });
    expect(loader.batchesPerEpoch).toBe(3);
    const batches = await epoch(loader);
    expect(batches.map(({ shape }) => shape)).toEqual([
      [4, 1, 1, 1],
      [4, 1, 1, 1],
      [2, 1, 1, 1],
    ]);
    expect(order(batches)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(batches[2]?.labels).toEqual([8, 9]);
    const dropping = new DataLoader(numbers(10), { batchSize: 4, dropLast: true });
    expect(dropping.batchesPerEpoch).toBe(2);
    expect(await epoch(dropping)).toHaveLength(2);
  });

  test('shuffled it depends on the seed and the epoch’s index only, and shows every sample once', async () => {
    const loader = (seed: number) => new DataLoader(numbers(50), { batchSize: 8, shuffle: true, seed });
    const first = order(await epoch(loader(1), 3));
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(order(await epoch(loader(1), 3))).toEqual(first);
    expect(order(await epoch(loader(1), 4))).not.toEqual(first);
    expect(order(await epoch(loader(2), 3))).not.toEqual(first);
  });

  test('an epoch goes on where it was left', async () => {
    const loader = new DataLoader(numbers(50), { batchSize: 8, shuffle: true, seed: 1 });
    const whole = await epoch(loader, 2);
    expect(await epoch(loader, 2, 3)).toEqual(whole.slice(3));
    expect(await epoch(loader, 2, 7)).toEqual([]);
  });

  test('shards share an epoch, and are as long', async () => {
    const shard = (i: number) => new DataLoader(numbers(11), { batchSize: 2, sampler: shardSampler(i, 3), seed: 4 });
    const shown = await Promise.all([0, 1, 2].map(async (i) => order(await epoch(shard(i), 5))));
    expect(shown.map(({ length }) => length)).toEqual([4, 4, 4]);
    expect(new Set(shown.flat())).toEqual(new Set(Array.from({ length: 11 }, (_, i) => i)));
  });

  test('a subset is shown without the rest', async () => {
    const loader = new DataLoader(numbers(20), { batchSize: 3, sampler: subsetSampler([3, 9, 11, 17]) });
    expect(loader.batchesPerEpoch).toBe(2);
    expect(order(await epoch(loader)).sort((a, b) => a - b)).toEqual([3, 9, 11, 17]);
  });

  test('weights decide how often samples are shown', async () => {
    const weights = Array.from({ length: 10 }, (_, i) => i);
    const loader = new DataLoader(numbers(10), { batchSize: 500, sampler: weightedSampler(weights, 45_000) });
    const counts = Array(10).fill(0);
    for (const value of order(await epoch(loader))) counts[value]++;
    for (const [i, count] of counts.entries())
      expect(Math.abs(count - i * 1000)).toBeLessThan(4 * Math.sqrt(1000 * i + 1));
  });
});

describe('transforms', () => {
  const transform = compose([
    randomCrop(8, { padding: 2 }),
    randomHorizontalFlip(),
    randAugment(),
    toTensor(),
    normalize([0.5], [0.25]),
  ]);

  test('the same batches for the same seed, whatever the number of workers', async () => {
    const run = async (options: Partial<DataLoaderOptions>) => {
      const loader = new DataLoader(folderOfImages, { batchSize: 4, shuffle: true, seed: 3, transform, ...options });
      const digests = [
        digest(await epoch(loader, 0)),
        digest(await epoch(loader, 1)),
        digest(await epoch(loader, 1, 2)),
      ];
      await loader.close();
      return digests;
    };
    const here = await run({ workers: 0 });
    expect(await run({ workers: 1 })).toEqual(here);
    expect(await run({ workers: 3, prefetch: 1 })).toEqual(here);
    expect(await run({ seed: 4 })).not.toEqual(here);
    await workersToBe(0);
  });

  test('arrays, and data sets of one’s own that give views, reach the workers', async () => {
    const own: Dataset = {
      length: 9,
      categories: ['one'],
      get: async (index) => ({
        image: { data: new Uint8Array(new ArrayBuffer(1000), index, 1).fill(index), width: 1, height: 1, channels: 1 },
        label: 0,
      }),
    };
    for (const dataset of [numbers(9), own]) {
      const loader = new DataLoader(dataset, { batchSize: 4, workers: 2 });
      expect(order(await epoch(loader))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      await loader.close();
    }
  });

  test('a function of one’s own runs here, and from a module in workers', async () => {
    const half = (image: Image): Image => ({ ...image, data: Float32Array.from(image.data, (v) => v / 2) });
    const options = { batchSize: 9, transform: half };
    const expected = await epoch(new DataLoader(numbers(9), options));
    expect(() => new DataLoader(numbers(9), { ...options, workers: 1 })).toThrow(/function of your own.*URL/);
    const module = new URL('../fixtures/own-transform.mjs', import.meta.url);
    const loader = new DataLoader(numbers(9), { batchSize: 9, transform: module, workers: 1 });
    expect(await epoch(loader)).toEqual(expected);
    await loader.close();
    expect(() => new DataLoader(numbers(9), { batchSize: 9, transform: module })).toThrow(/transform is a URL/);
    const missing = new DataLoader(numbers(9), {
      batchSize: 9,
      workers: 1,
      transform: new URL('missing.mjs', import.meta.url),
    });
    await expect(epoch(missing)).rejects.toThrow(/missing.mjs/);
  });

  test('mixup and cutmix make soft labels, the same in workers', async () => {
    for (const batchTransform of [mixup({ numClasses: 3 }), cutmix({ numClasses: 3 })]) {
      const options = { batchSize: 7, shuffle: true, transform: compose([resize([8, 8]), toTensor()]), batchTransform };
      const batches = await epoch(new DataLoader(folderOfImages, options));
      expect(batches[0]?.labels).toHaveLength(21);
      const loader = new DataLoader(folderOfImages, { ...options, workers: 2 });
      expect(await epoch(loader)).toEqual(batches);
      await loader.close();
    }
  });
});

describe('an image that cannot be used', () => {
  let broken: Dataset;
  let file: string;
  beforeAll(async () => {
    const folder = join(temporary, 'broken');
    await makeFolder(folder, ['a', 'b'], 5);
    file = join(folder, 'b', '002.png');
    writeFileSync(file, 'no image');
    broken = await imageFolder(folder);
  });

  test.each([0, 2])('stops the epoch, named, with %i workers', async (workers) => {
    const loader = new DataLoader(broken, { batchSize: 3, transform: toTensor(), workers });
    const running = epoch(loader);
    await expect(running).rejects.toThrow(DataError);
    await expect(running).rejects.toThrow(`${file}: not a JPEG, PNG, WebP, GIF, TIFF, BMP or PPM file`);
    await expect(running).rejects.toMatchObject({ file });
    expect(workersLeft()).toEqual([]);
  });

  test.each([0, 2])('is left out and counted with the policy "skip" and %i workers', async (workers) => {
    const loader = new DataLoader(broken, { batchSize: 3, transform: toTensor(), workers, onError: 'skip' });
    expect((await epoch(loader)).map(({ shape }) => shape[0])).toEqual([3, 3, 2, 1]);
    expect(loader.skipped).toEqual([{ file, message: expect.stringContaining('not a JPEG'), times: 1 }]);
    await epoch(loader, 1);
    expect(loader.skipped).toMatchObject([{ file, times: 2 }]);
    // Gone on with at its end, an epoch has nothing left to skip.
    expect(await epoch(loader, 0, 4)).toEqual([]);
    await loader.close();
  });

  test.each([0, 2])('a batch of nothing else is left out, and the epoch goes on, with %i workers', async (workers) => {
    const unusable = new Set([0, 1, 4, 5, 6, 7, 9, 10]);
    const failing: Dataset = {
      length: 11,
      categories: ['one'],
      get(index) {
        if (unusable.has(index)) throw new Error('no such image');
        return { image: { data: Uint8Array.of(index), width: 1, height: 1, channels: 1 }, label: 0 };
      },
    };
    const loader = new DataLoader(failing, { batchSize: 2, workers, onError: 'skip' });
    async function seen(fromBatch: number) {
      const batches: { pixels: number[]; nextBatch: number | undefined }[] = [];
      for await (const { images, labels, nextBatch } of loader.epoch(0, fromBatch)) {
        batches.push({ pixels: [...images.dataSync()], nextBatch });
        tf.dispose([images, labels]);
      }
      return batches;
    }
    expect(loader.batchesPerEpoch).toBe(6);
    const whole = [
      { pixels: [2, 3], nextBatch: 4 },
      { pixels: [8], nextBatch: 6 },
    ];
    expect(await seen(0)).toEqual(whole);
    expect(loader.skipped.map(({ file, times }) => [file, times])).toEqual(
      [...unusable].map((index) => [`sample ${index}`, 1]),
    );
    expect(await seen(4)).toEqual(whole.slice(1));
    expect(await seen(5)).toEqual([]);
    expect(await seen(6)).toEqual([]);
    await loader.close();
  });

  test('a transform that fails names the file, too', async () => {
    const loader = new DataLoader(broken, { batchSize: 3, transform: randomCrop(50), workers: 1 });
    await expect(epoch(loader)).rejects.toThrow(
      /a.000.png: its transform failed \(randomCrop of 50 x 50 .* larger than the image of 10 x 12/,
    );
    const all = new DataLoader(broken, { batchSize: 3, transform: randomCrop(50), onError: 'skip' });
    await expect(epoch(all)).rejects.toThrow(/every image of the epoch was skipped/);
    expect(all.skipped).toHaveLength(10);
  });

  test('images of different sizes', async () => {
    const folder = join(temporary, 'sizes', 'class');
    mkdirSync(folder, { recursive: true });
    const { encoded } = await import('../fixtures/images.js');
    writeFileSync(join(folder, '0.png'), await encoded('png', [1, 1, 1], 5, 5));
    writeFileSync(join(folder, '1.png'), await encoded('png', [1, 1, 1], 5, 6));
    const loader = new DataLoader(await imageFolder(join(temporary, 'sizes')), { batchSize: 2 });
    await expect(epoch(loader)).rejects.toThrow(
      /1.png: 6 x 5 x 3 .* other images are 5 x 5 x 3; end the transform in a crop/,
    );
  });

  test('a data set of one’s own that fails', async () => {
    const failing: Dataset = {
      length: 3,
      categories: ['one'],
      get(index) {
        if (index === 1) throw new Error('the disk is full of holes');
        return { image: { data: Uint8Array.of(index), width: 1, height: 1, channels: 1 }, label: 0 };
      },
    };
    for (const workers of [0, 1]) {
      await expect(epoch(new DataLoader(failing, { batchSize: 3, workers }))).rejects.toThrow(
        'sample 1: the disk is full of holes',
      );
      const skipping = new DataLoader(failing, { batchSize: 3, workers, onError: 'skip' });
      expect(order(await epoch(skipping))).toEqual([0, 2]);
      expect(skipping.skipped).toEqual([
        { file: 'sample 1', message: 'sample 1: the disk is full of holes', times: 1 },
      ]);
      await skipping.close();
    }
  });
});

describe('nothing is left behind', () => {
  const transform = compose([randomCrop(8), toTensor()]);

  test('by an iterator that is dropped half-way', async () => {
    for (const workers of [0, 2]) {
      const before = tf.memory().numTensors;
      const loader = new DataLoader(folderOfImages, { batchSize: 2, transform, workers });
      for await (const { images, labels } of loader.epoch(0)) {
        images.dispose();
        labels.dispose();
        await workersToBe(workers);
        break;
      }
      expect(tf.memory().numTensors).toBe(before);
      expect(workersLeft()).toEqual([]);
    }
  });

  test('by idle workers, a while after the epoch', async () => {
    const loader = new DataLoader(folderOfImages, { batchSize: 2, transform, workers: 1 });
    await epoch(loader);
    await workersToBe(0);
  });

  test('by 100 epochs over a small folder: flat memory', async () => {
    const loader = new DataLoader(folderOfImages, { batchSize: 8, shuffle: true, transform, workers: 2 });
    const before = tf.memory().numTensors;
    let settled = 0;
    for (let index = 0; index < 100; index++) {
      await epoch(loader, index);
      if (index === 20) settled = process.memoryUsage().rss;
    }
    await loader.close();
    expect(tf.memory().numTensors).toBe(before);
    expect((process.memoryUsage().rss - settled) / 2 ** 20).toBeLessThan(50);
    await workersToBe(0);
  });
});

test('two epochs at a time do not disturb each other', async () => {
  const loader = new DataLoader(folderOfImages, { batchSize: 4, shuffle: true, transform: toTensor(), workers: 1 });
  const [first, second] = await Promise.all([epoch(loader, 0), epoch(loader, 1)]);
  expect(digest(await epoch(loader, 0))).toBe(digest(first ?? []));
  expect(digest(first ?? [])).not.toBe(digest(second ?? []));
  await loader.close();
  await workersToBe(0);
});

describe('bad options are named', () => {
  const sampler: Sampler = shardSampler(0, 2);
  test.each<[RegExp, Partial<DataLoaderOptions>, number?]>([
    [/batchSize must be an integer of at least 1, got 0/, { batchSize: 0 }],
    [/batchSize.*got 1.5/, { batchSize: 1.5 }],
    [/workers.*got -1/, { workers: -1 }],
    [/prefetch.*got 0/, { prefetch: 0 }],
    [/seed.*got -3/, { seed: -3 }],
    [/onError must be one of 'throw', 'skip', got 'ignore'/, { onError: 'ignore' as 'skip' }],
    [/DataLoader has no option 'batchsize': did you mean 'batchSize'/, { batchsize: 3 } as never],
    [/transform must be a transform or the URL of a module, got 'x'/, { transform: 'x' as never }],
    [/sampler must be a sampler.*got \{\}/, { sampler: {} as never }],
    [/imageTimeout must be/, { imageTimeout: 0 }],
    [/shuffle and sampler/, { shuffle: true, sampler }],
    [/batchSize 40 is more than the 9 images/, { batchSize: 40, dropLast: true }],
    [/dataset must have at least one image/, {}, 0],
  ])('%s', (message, options, count = 9) => {
    expect(() => new DataLoader(numbers(count), { batchSize: 2, ...options })).toThrow(message);
  });

  test('of an epoch and of samplers', async () => {
    expect(() => shuffledSampler().order(-1, randomGenerator(1))).toThrow('length must be an integer from 0');
    expect(() => shardSampler(0, 2).order(4, {} as never)).toThrow('random must be a generator');
    const loader = new DataLoader(numbers(4), { batchSize: 2 });
    await expect(epoch(loader, -1)).rejects.toThrow(/index.*got -1/);
    await expect(epoch(loader, 0, 0.5)).rejects.toThrow(/fromBatch.*got 0.5/);
    expect(() => shardSampler(2, 2)).toThrow(/shard must be .* from 0 to 1, got 2/);
    expect(() => weightedSampler([1, -1])).toThrow(/weights\[1\].*got -1/);
    expect(() => weightedSampler([0, 0])).toThrow(/weights must not all be 0/);
    await expect(epoch(new DataLoader(numbers(4), { batchSize: 2, sampler: subsetSampler([4]) }))).rejects.toThrow(
      /indices\[0\].*from 0 to 3, got 4/,
    );
    await expect(epoch(new DataLoader(numbers(4), { batchSize: 2, sampler: weightedSampler([1, 2]) }))).rejects.toThrow(
      /one per sample \(4\), got 2/,
    );
  });
});
