/** Networks that others trained, on images that they were not trained on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { decodeImage, imageFolder } from '@cnnzoo/data';
import { cifarResnet } from '@cnnzoo/resnet';
import { sharedFile } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPretrained } from './load-pretrained.js';

interface Labelled {
  readonly data: ArrayLike<number>;
  readonly label: number;
}

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

/** All 10,000 images take 20 and 35 seconds: with CNNZOO_LONG_TESTS=1, else every tenth, 100 a class. */
const every = process.env['CNNZOO_LONG_TESTS'] === '1' ? 1 : 10;

const size = 32 * 32 * 3;
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];

/** How many images the network gets right. */
async function countRight(model: LayersModel, images: readonly Labelled[]): Promise<number> {
  const values = new Float32Array(images.length * size);
  for (const [n, { data }] of images.entries())
    for (let i = 0; i < size; i++)
      values[n * size + i] = ((data[i] ?? 0) / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1);
  const guesses = tf.tidy(() =>
    tf.argMax(model.predict(tf.tensor4d(values, [images.length, 32, 32, 3])) as tf.Tensor, 1),
  );
  const found = await guesses.data();
  guesses.dispose();
  return images.filter(({ label }, n) => found[n] === label).length;
}

describe.each([
  [20, 'resnet20-12fca82f.th'],
  [32, 'resnet32-d509ac18.th'],
] as const)('CIFAR ResNet-%i of akamaster/pytorch_resnet_cifar10', (depth, name) => {
  const weights = sharedFile(`data/cifar-resnets/${name}`);
  const folder = sharedFile('data/images');
  const archive = sharedFile('data/cifar10-jpeg.zip');

  async function network(): Promise<LayersModel> {
    const model = cifarResnet({ depth, initialWeights: 'zeros' });
    await loadPretrained(model, weights ?? '');
    return model;
  }

  test.skipIf(weights === null || folder === null)('at least 19 of 20 images', async () => {
    const files = readdirSync(folder ?? '').filter((file) => file.startsWith('cifar10_'));
    expect(files).toHaveLength(20);
    const images = await Promise.all(
      files.map(async (file) => ({
        data: (await decodeImage(readFileSync(join(folder ?? '', file)), file, { channels: 3, maxPixels: 1e6 })).data,
        label: Number(/_(\d+)\.png$/.exec(file)?.[1]),
      })),
    );
    const right = await countRight(await network(), images);
    console.log(`ResNet-${depth}: ${right} of 20`);
    expect(right).toBeGreaterThanOrEqual(19);
  });

  test.skipIf(weights === null || archive === null)('at least 78 % of the lossy test images', async () => {
    const dataset = await imageFolder(archive ?? '', { root: 'test' });
    const model = await network();
    let right = 0;
    const all = Array.from({ length: dataset.length / every }, (_, i) => i * every);
    for (let begin = 0; begin < all.length; begin += 500) {
      const samples = await Promise.all(all.slice(begin, begin + 500).map((index) => dataset.get(index)));
      right += await countRight(
        model,
        samples.map(({ image, label }) => ({ data: image.data, label })),
      );
    }
    console.log(`ResNet-${depth}: ${right} of ${all.length}`);
    expect(right / all.length).toBeGreaterThanOrEqual(0.78);
  });
});
