/** Workers decode each JPEG to the same memory, and normalized numbers go to their place in the batch. What comes out is the same. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  centerCrop,
  compose,
  normalize,
  resize,
  type Transform,
  toTensor,
  trainingTransform,
} from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { imageFolder } from '../datasets/image-folder.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { DataLoader } from './data-loader.js';
import type { DataLoaderOptions } from './data-loader-options.js';

const folder = join(temporaryFolder(), 'photos');
const sizes = join(temporaryFolder(), 'sizes');

async function writeNoise(folder: string, name: string, seed: number, width: number, height: number): Promise<void> {
  mkdirSync(join(folder, 'class'), { recursive: true });
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => Math.imul(i + 7 * seed, 40_503) >>> 3);
  writeFileSync(
    join(folder, 'class', name),
    await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer(),
  );
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  for (let i = 0; i < 9; i++) await writeNoise(folder, `${i}.jpg`, i, 40, 32);
  // The first image of a batch may be one that cannot be used.
  for (const name of ['0a.jpg', '4a.jpg'])
    writeFileSync(join(folder, 'class', name), Buffer.from([0xff, 0xd8, 0xff, 1]));
  await writeNoise(sizes, '0.jpg', 1, 20, 10);
});

async function batchesOf(from: string, options: Omit<DataLoaderOptions, 'batchSize'>) {
  const loader = new DataLoader(await imageFolder(from), { batchSize: 4, onError: 'skip', ...options });
  const batches: { shape: number[]; pixels: number[] }[] = [];
  for await (const { images, labels } of loader.epoch(0)) {
    batches.push({ shape: images.shape, pixels: [...images.dataSync()] });
    tf.dispose([images, labels]);
  }
  await loader.close();
  return batches;
}

const [mean, deviation] = [
  [0.4, 0.5, 0.6],
  [0.2, 0.3, 0.4],
];
test.each<[string, Transform | undefined]>([
  ['nothing', undefined],
  ['what changes nothing', centerCrop([32, 40])],
  ['bytes to floats', toTensor()],
  ['the training transform', trainingTransform('cifar')],
  [
    'an image of floats that is normalized',
    compose([resize([9, 8]), toTensor(), compose([normalize(mean, deviation)])]),
  ],
  ['a list within a list', compose([compose([resize([9, 8]), toTensor(), normalize(mean, deviation)])])],
])('a worker makes the batches that this thread makes: %s', async (_, transform) => {
  const options = transform === undefined ? {} : { transform };
  const here = await batchesOf(folder, options);
  expect(here.map(({ shape }) => shape[0])).toEqual([3, 3, 3]);
  expect(new Set(here[0]?.pixels).size).toBeGreaterThan(20);
  expect(await batchesOf(folder, { ...options, workers: 1 })).toEqual(here);
});

test('a transform from a module may keep an image', async () => {
  const transform = new URL('../fixtures/keeping-transform.mjs', import.meta.url);
  const there = await batchesOf(folder, { transform, workers: 1 });
  const { default: here } = (await import(transform.href)) as { default: Transform };
  expect(await batchesOf(folder, { transform: here })).toEqual(there);
});

test.each([
  [10, 20],
  [30, 10],
  [5, 10],
])('an image of another size, %i x %i, is refused and not put beside the others', async (width, height) => {
  await writeNoise(sizes, '1.jpg', 2, width, height);
  const transform = compose([toTensor(), normalize(mean, deviation)]);
  for (const workers of [0, 1])
    await expect(batchesOf(sizes, { transform, workers, onError: 'throw' })).rejects.toThrow(
      `1.jpg: ${height} x ${width} x 3 (height x width x channels), the batch's other images are 10 x 20 x 3`,
    );
});
