import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toTensor } from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { encoded } from '../fixtures/images.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { contactSheet } from '../images/contact-sheet.js';
import { batchStream, collect } from '../loader/stream.js';
import { arrayDataset } from './array-dataset.js';
import type { Dataset, Sample } from './dataset.js';
import { imageFolder } from './image-folder.js';
import { stats } from './stats.js';
import { split, subset } from './subset.js';

const folder = temporaryFolder();

beforeAll(() => tf.setBackend('cpu'));

/** Image i is one pixel of value i. */
function numbers(labels: readonly number[], categories = 10): Dataset {
  const data = Float32Array.from(labels, (_, i) => i);
  const names = Array.from({ length: categories }, (_, i) => `class ${i}`);
  return arrayDataset({ data, labels, width: 1, height: 1, channels: 1, categories: names });
}

async function valuesOf(dataset: Dataset): Promise<number[]> {
  const samples = await Promise.all(Array.from({ length: dataset.length }, (_, i) => dataset.get(i)));
  return samples.map(({ image }) => image.data[0] ?? Number.NaN);
}

describe('split', () => {
  test('parts share no sample, and have the same share of each class up to rounding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 200 }),
        fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
        fc.boolean(),
        fc.nat(),
        async (labels, [a, b, c], stratified, seed) => {
          const total = a + b + c;
          const shares = { train: a / total, validation: b / total, test: c / total };
          const parts = await split(numbers(labels), shares, { seed, stratified });
          const values = await Promise.all([parts.train, parts.validation, parts.test].map(valuesOf));
          const all = values.flat();
          expect(new Set(all).size).toBe(all.length);
          expect(all.length).toBeGreaterThanOrEqual(labels.length - 3);
          for (const [i, share] of Object.values(shares).entries()) {
            expect(Math.abs((values[i]?.length ?? 0) - share * labels.length)).toBeLessThan(3);
            if (!stratified) continue;
            for (let label = 0; label < 5; label++) {
              const inClass = labels.filter((l) => l === label).length;
              const inPart = (values[i] ?? []).filter((v) => labels[v] === label).length;
              expect(Math.abs(inPart - share * inClass)).toBeLessThan(2.5);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the same seed gives the same parts, another seed others', async () => {
    const labels = Array.from({ length: 100 }, (_, i) => i % 10);
    const train = async (seed: number) => valuesOf((await split(numbers(labels), { train: 0.5 }, { seed })).train);
    expect(await train(1)).toEqual(await train(1));
    expect(await train(1)).not.toEqual(await train(2));
  });

  test('shares that are none are refused', async () => {
    await expect(split(numbers([1]), { train: 0.9, test: 0.2 })).rejects.toThrow(/add up to at most 1/);
    await expect(split(numbers([1]), { train: 0 })).rejects.toThrow(/shares.train must be a number above 0.*got 0/);
  });

  test('a subset gives the samples asked for', async () => {
    expect(await valuesOf(subset(numbers([0, 1, 2, 3]), [3, 1]))).toEqual([3, 1]);
    expect(() => subset(numbers([0]), [1])).toThrow(/indices\[0\].*got 1/);
  });
});

describe('stats', () => {
  test('mean and deviation of each channel over all pixels, images of each class', async () => {
    const folderOf = join(folder, 'set');
    for (const name of ['a', 'b', 'c']) mkdirSync(join(folderOf, name), { recursive: true });
    // Of different sizes: pixels count, not images.
    writeFileSync(join(folderOf, 'a', '0.png'), await encoded('png', [0, 51, 255], 30, 10));
    writeFileSync(join(folderOf, 'b', '0.png'), await encoded('png', [204, 51, 0], 10, 10));
    writeFileSync(join(folderOf, 'c', '0.png'), await encoded('png', [0, 51, 255], 10, 20));
    writeFileSync(join(folderOf, 'c', '1.png'), await encoded('png', [0, 51, 255], 20, 10));
    const seen: number[] = [];
    const { mean, standardDeviation, classCounts } = await stats(await imageFolder(folderOf), {
      onProgress: (done) => seen.push(done),
    });
    expect(classCounts).toEqual([1, 1, 2]);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(mean[0]).toBeCloseTo(0.8 / 8);
    expect(mean[1]).toBeCloseTo(0.2);
    expect(mean[2]).toBeCloseTo(7 / 8);
    expect(standardDeviation[0]).toBeCloseTo(0.8 * Math.sqrt((1 / 8) * (7 / 8)));
    expect(standardDeviation[1]).toBeCloseTo(0);
    expect(standardDeviation[2]).toBeCloseTo(Math.sqrt((1 / 8) * (7 / 8)));
  });

  test('an empty data set is refused', async () => {
    await expect(
      stats({
        length: 0,
        categories: [],
        get: () => {
          throw new Error();
        },
      }),
    ).rejects.toThrow(/at least one image/);
  });
});

describe('any iterable', () => {
  const sample = (value: number): Sample => ({
    image: { data: Uint8Array.of(value, value), width: 2, height: 1, channels: 1 },
    label: value % 2,
  });
  let ended = 0;
  async function* samples(count: number): AsyncGenerator<Sample> {
    try {
      for (let i = 0; i < count; i++) yield sample(i);
    } finally {
      ended++;
    }
  }

  test('becomes batches, without being read to its end', async () => {
    const before = tf.memory().numTensors;
    const shapes: number[][] = [];
    for await (const { images, labels } of batchStream(samples(5), { batchSize: 2, transform: toTensor() })) {
      shapes.push([...images.shape]);
      tf.dispose([images, labels]);
    }
    expect(shapes).toEqual([
      [2, 1, 2, 1],
      [2, 1, 2, 1],
      [1, 1, 2, 1],
    ]);
    ended = 0;
    for await (const batch of batchStream(samples(Infinity), { batchSize: 3 })) {
      expect([...batch.images.dataSync()]).toEqual([0, 0, 1, 1, 2, 2]);
      expect([...batch.labels.dataSync()]).toEqual([0, 1, 0]);
      tf.dispose([batch.images, batch.labels]);
      break;
    }
    expect(ended).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
    await expect(batchStream(samples(1), { batchSize: 0 }).next()).rejects.toThrow(/batchSize.*got 0/);
    await expect(
      batchStream([sample(1), sample(2)], {
        batchSize: 3,
        transform: (image) => {
          if (image.data[0] === 2) throw new Error('no twos');
          return image;
        },
      }).next(),
    ).rejects.toThrow(/sample 1: its transform failed \(no twos\)/);
  });

  test('becomes a data set in memory', async () => {
    const dataset = await collect(samples(4), ['even', 'odd']);
    expect(dataset.length).toBe(4);
    expect((await dataset.get(3)).label).toBe(1);
    await expect(collect(samples(2), ['even'])).rejects.toThrow(/label of sample 1 must be .* from 0 to 0, got 1/);
  });
});

describe('arrays', () => {
  const options = { data: new Uint8Array(8), labels: [0, 1], width: 2, height: 2, channels: 1, categories: ['a', 'b'] };
  test.each([
    [/data must hold 2 images .* = 8 values, got 9/, { data: new Uint8Array(9) }],
    [/labels\[1\] must be an integer from 0 to 1, got 2/, { labels: [0, 2] }],
    [/labels\[0\].*got 0.5/, { labels: [0.5, 1] }],
    [/width.*got 0/, { width: 0 }],
  ])('%s', (message, wrong) => {
    expect(() => arrayDataset({ ...options, ...wrong })).toThrow(message);
  });
});

describe('contact sheet', () => {
  test('is a PNG of the images in rows, denormalized', async () => {
    const before = tf.memory().numTensors;
    const mean = [0.5, 0.25, 0];
    const standardDeviation = [0.5, 0.25, 2];
    // Red, green and blue images of 2 x 2 as normalize leaves them.
    const colors = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ].map((rgb) => rgb.map((v, c) => (v - (mean[c] ?? 0)) / (standardDeviation[c] ?? 1)));
    const images = tf.tensor4d(
      colors.flatMap((c) => [...c, ...c, ...c, ...c]),
      [3, 2, 2, 3],
    );
    const png = await contactSheet(images, { mean, standardDeviation, columns: 2, scale: 3 });
    images.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    // 2 images of 6 pixels and 3 gaps of 4 in each direction.
    expect([info.width, info.height, info.channels]).toEqual([24, 24, 3]);
    const at = (x: number, y: number) => [...data.subarray((y * 24 + x) * 3, (y * 24 + x) * 3 + 3)];
    expect(at(4, 4)).toEqual([255, 0, 0]);
    expect(at(9, 9)).toEqual([255, 0, 0]);
    expect(at(14, 4)).toEqual([0, 255, 0]);
    expect(at(4, 14)).toEqual([0, 0, 255]);
    expect(at(0, 0)).toEqual(at(20, 20));
  });

  test('spreads values over black and white where it does not know mean and deviation', async () => {
    const images = tf.tensor4d([-2, 0, 2, 2], [1, 2, 2, 1]);
    const { data } = await sharp(await contactSheet(images, { scale: 1 }))
      .raw()
      .toBuffer({ resolveWithObject: true });
    images.dispose();
    const values = new Set(data);
    expect(values).toEqual(new Set([0x60, 0, 128, 255]));
  });

  test('bad options', async () => {
    const images = tf.zeros([1, 2, 2, 3]) as tf.Tensor4D;
    await expect(contactSheet(images, { columns: 0 })).rejects.toThrow(/columns.*got 0/);
    await expect(contactSheet(images, { mean: [1] })).rejects.toThrow(/both or neither/);
    await expect(contactSheet(images, { mean: [1], standardDeviation: [1] })).rejects.toThrow(
      /per channel \(3\), got 1 and 1/,
    );
    images.dispose();
  });
});
