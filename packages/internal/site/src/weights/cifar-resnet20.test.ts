import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage } from '@cnnzoo/data';
import { predict } from '@cnnzoo/evaluate';
import { cifarResnet } from '@cnnzoo/resnet';
import { sharedFile } from '@cnnzoo/testing';
import { loadPretrained } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

const weights = join(import.meta.dirname, '../../public/weights/cifar-resnet20.safetensors');
const folder = sharedFile('data/images');

test.skipIf(folder === null)("the page's ResNet-20 knows at least 19 of 20 images of CIFAR-10", async () => {
  await tf.setBackend('cpu');
  const model = cifarResnet({ depth: 20, initialWeights: 'zeros' });
  await loadPretrained(model, weights);
  const files = readdirSync(folder ?? '').filter((file) => file.startsWith('cifar10_'));
  expect(files).toHaveLength(20);
  const images = await Promise.all(
    files.map((file) => decodeImage(readFileSync(join(folder ?? '', file)), file, { channels: 3, maxPixels: 1e6 })),
  );
  const said = await predict(model, images, { topK: 1 });
  const right = files.filter((file, i) => said[i]?.[0]?.index === Number(/_(\d+)\.png$/.exec(file)?.[1]));
  expect(right.length).toBeGreaterThanOrEqual(19);
});
