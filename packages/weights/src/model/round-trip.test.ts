/** Every family's state dict through a file and back, bit for bit. */
import '@tensorflow/tfjs-backend-cpu';
import { lenet5, lenetBook } from '@cnnzoo/lenet';
import { cifarPreActResnet, cifarResnet, resnet18, resnet50V2 } from '@cnnzoo/resnet';
import { vgg11Bn } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { loadStateDict } from './load-state-dict.js';
import { stateDict } from './state-dict-of-model.js';

beforeAll(() => tf.setBackend('cpu'));

// Small inputs and few classes, so that the tests are quick; VGG's dense layers follow a flatten of 7x7.
test.each<[string, (options: { seed: number }) => LayersModel]>([
  ['lenet5', lenet5],
  ['lenet_book', (options) => lenetBook({ inputShape: [32, 32, 3], ...options })],
  ['cifar_resnet20', (options) => cifarResnet({ depth: 20, ...options })],
  ['cifar_preact_resnet164', (options) => cifarPreActResnet({ depth: 164, ...options })],
  ['resnet18', (options) => resnet18({ inputShape: [32, 32, 3], ...options })],
  ['resnet50_v2', (options) => resnet50V2({ inputShape: [32, 32, 3], ...options })],
  [
    'vgg11_bn without its dense layers',
    (options) => vgg11Bn({ inputShape: [32, 32, 3], includeTop: false, ...options }),
  ],
])('%s', async (_, build) => {
  const model = build({ seed: 1 });
  const other = build({ seed: 2 });
  const file = writeSafetensors(stateDict(model));
  expect(Buffer.compare(writeSafetensors(stateDict(other)), file)).not.toBe(0);
  loadStateDict(other, await readSafetensors(file));
  expect(Buffer.compare(writeSafetensors(stateDict(other)), file)).toBe(0);
  const weights = (of: LayersModel) => of.getWeights().map((weight) => Buffer.from(weight.dataSync().slice().buffer));
  const expected = weights(model);
  for (const [i, found] of weights(other).entries()) expect(Buffer.compare(found, expected[i] ?? found)).toBe(0);
});
