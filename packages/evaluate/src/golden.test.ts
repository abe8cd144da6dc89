/** The seven cases of the evaluation golden, made with PyTorch: torchvision's networks with golden weights on one photo. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { setModelMetadata } from '@cnnzoo/blocks';
import { readImage } from '@cnnzoo/data';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import { loadGoldenWeights } from '@cnnzoo/testing';
import { vgg11 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  crops144,
  denseEvaluation,
  evaluate,
  merge,
  multiCrop,
  multiScale,
  predict,
  singleCrop,
  tenCrop,
} from './index.js';
import type { Protocol } from './protocols/protocol.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface Case {
  readonly top10: readonly number[];
  readonly probs: readonly number[];
  readonly sum_sq: number;
}

const golden = JSON.parse(readFileSync(new URL('./fixtures/photo-protocols.json', import.meta.url), 'utf8')) as {
  readonly mean: number[];
  readonly std: number[];
  readonly cases: Readonly<Record<string, Case>>;
};
const photo = fileURLToPath(new URL('../../transforms/src/fixtures/photo.png', import.meta.url));

const networks = { resnet18, vgg11, googlenet } as const;
const models = new Map<string, LayersModel>();

function model(name: keyof typeof networks): LayersModel {
  const made = models.get(name) ?? networks[name]({ initialWeights: 'zeros' });
  if (!models.has(name)) loadGoldenWeights(made);
  models.set(name, made);
  // The golden uses ImageNet's statistics for all of them.
  setModelMetadata(made, {
    preprocessing: {
      resizeSize: 256,
      cropSize: 224,
      padding: 0,
      interpolation: 'bilinear',
      mean: golden.mean,
      std: golden.std,
    },
  });
  return made;
}

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
afterAll(() => {
  for (const each of models.values()) each.dispose();
});

const cases: readonly [name: string, networks: readonly (keyof typeof networks)[], protocol: Protocol][] = [
  ['single', ['resnet18'], singleCrop()],
  ['ten', ['resnet18'], tenCrop()],
  ['crop144', ['googlenet'], crops144()],
  ['multicrop', ['vgg11'], multiCrop()],
  ['dense', ['vgg11'], denseEvaluation()],
  ['dense_multiscale', ['vgg11'], multiScale(denseEvaluation, [224, 256, 288])],
  ['fusion', ['resnet18', 'vgg11'], singleCrop()],
];

test.each(cases)('%s of %j', async (name, names, protocol) => {
  const expected = golden.cases[name];
  const image = await readImage(photo);
  const classifiers = names.map(model);
  const tensors = tf.memory().numTensors;
  const all = await predict(classifiers, image, { protocol, topK: 1000 });
  expect(tf.memory().numTensors).toBe(tensors);
  const top = all.slice(0, 10);
  expect(top.map(({ index }) => index)).toEqual(expected?.top10);
  const error = Math.max(...top.map(({ probability }, i) => Math.abs(probability - (expected?.probs[i] ?? 0))));
  console.log(`${name}: largest difference of a probability ${error.toExponential(1)}`);
  expect(error).toBeLessThan(1e-4);
  expect(all.reduce((sum, { probability }) => sum + probability ** 2, 0)).toBeCloseTo(expected?.sum_sq ?? 0, 4);
});

test('shards have the bits of the whole, although the engine makes weights constants of what has run a few times', async () => {
  const network = lenet5({ numClasses: 3 });
  const value = (index: number) => Math.floor(256 * ((((Math.sin(index + 1) * 43_758.5453) % 1) + 1) % 1));
  const dataset = {
    length: 75,
    categories: ['a', 'b', 'c'],
    get: (index: number) => ({
      image: {
        data: Float32Array.from({ length: 1024 }, (_, k) => value(1024 * index + k) / 256),
        width: 32,
        height: 32,
        channels: 1,
      },
      label: index % 3,
    }),
  };
  const options = { protocol: singleCrop({ transform: (image) => image }), batchSize: 8, answers: true };
  try {
    const whole = await evaluate(network, dataset, options);
    const parts = [];
    for (const index of [0, 1, 2, 3]) parts.push(await evaluate(network, dataset, { ...options, shard: [index, 4] }));
    expect(merge(parts).answers).toEqual(whole.answers);
    // What it does otherwise is faster, and stays what it was.
    const plain = await evaluate(network, dataset, { ...options, answers: false });
    expect(plain.loss).toBeCloseTo(whole.loss, 5);
    expect(tf.env().getBool('ONNX_CONSTANT_WEIGHTS')).toBe(true);
  } finally {
    network.dispose();
  }
});
