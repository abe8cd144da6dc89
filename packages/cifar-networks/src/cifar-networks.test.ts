import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { describeFamily, type ModelGolden, parameterCount, stateShapes } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import * as networks from './index.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('cpu');
});

const zeros = { initialWeights: 'zeros' } as const;
const highway19 = (options: object) => networks.cifarHighway({ ...options, depth: 19 });
const reluFitnet = (options: object) => networks.cifarFitnet4({ ...options, activation: 'relu' });

for (const [name, build] of [
  ['cifar_nin', networks.cifarNin],
  ['cifar_dsn', networks.cifarDsn],
  ['nin', networks.nin],
  ['cifar_allcnn_a', networks.cifarAllCnnA],
  ['cifar_allcnn_c', networks.cifarAllCnnC],
  ['cifar_highway19', highway19],
  ['cifar_fitnet4', networks.cifarFitnet4],
  ['cifar_fitnet4_relu', reluFitnet],
  ['mnist_fitnet', networks.mnistFitnet],
  ['cifar_elu11', networks.cifarElu11],
  ['cifar_elu18', networks.cifarElu18],
] as const) {
  const file = new URL(`./fixtures/${name}.json`, import.meta.url);
  describe(name, () => describeFamily(JSON.parse(readFileSync(file, 'utf8')) as ModelGolden, build));
}

// The papers', or the sums of their tables.
test.each<[string, number, () => LayersModel]>([
  ['NIN for CIFAR-10', 966_986, () => networks.cifarNin(zeros)],
  ['NIN for CIFAR-100', 984_356, () => networks.cifarNin({ ...zeros, numClasses: 100 })],
  ['NIN for ImageNet', 7_595_176, () => networks.nin(zeros)],
  ['All-CNN-A', 1_254_250, () => networks.cifarAllCnnA(zeros)],
  ['All-CNN-B', 1_300_618, () => networks.cifarAllCnnB(zeros)],
  ['All-CNN-C', 1_369_738, () => networks.cifarAllCnnC(zeros)],
  ['Highway-19', 2_256_838, () => highway19(zeros)],
  ['Highway-32', 1_214_478, () => networks.cifarHighway({ ...zeros, depth: 32 })],
  ['FitNet-4', 2_742_102, () => networks.cifarFitnet4(zeros)],
  // The paper says about 30 thousand: with two pieces in the last two convolutions, where the authors' file has four, it would be 30,130.
  ['FitNet for MNIST', 36_226, () => networks.mnistFitnet(zeros)],
  ['ELU-11', 1_669_028, () => networks.cifarElu11(zeros)],
  ['ELU-18', 39_330_404, () => networks.cifarElu18(zeros)],
])('%s has %i parameters', (_, parameters, build) => {
  const model = build();
  expect(parameterCount(model)).toBe(parameters);
  model.dispose();
});

test('the companion heads of DSN are classifiers of the first convolution of each stage, before its ReLU', () => {
  const model = networks.cifarDsn({ ...zeros, auxiliaryHeads: true });
  expect(model.outputs.map(({ shape }) => shape)).toEqual(Array(4).fill([null, 10]));
  expect(stateShapes(model)).toMatchObject({
    'companion1.weight': [10, 192 * 32 * 32],
    'companion2.weight': [10, 192 * 16 * 16],
    'companion3.weight': [10, 192 * 8 * 8],
  });
  const inputs = [1, 2, 3].map((stage) => model.getLayer(`companion${stage}.flatten`).inboundNodes[0]?.inputTensors[0]);
  expect(inputs.map((each) => each?.sourceLayer.name)).toEqual(
    [1, 2, 3].map((stage) => `features.stage${stage}.unit1.conv`),
  );
  model.dispose();
});

test('a highway network begins by passing its input on, and has a plain one of its depth', () => {
  const model = networks.cifarHighway({ depth: 32, seed: 1 });
  expect(model.getLayer('stage1.1.gate').getWeights()[1]?.dataSync()[0]).toBe(-2);
  const plain = networks.cifarHighway({ depth: 32, gates: false, ...zeros });
  const convolutions = (network: LayersModel, not: RegExp) =>
    network.layers.filter(({ name, weights }) => weights.length > 0 && !not.test(name)).length;
  expect([convolutions(model, /\.gate$/), convolutions(plain, /none/)]).toEqual([32, 32]);
  for (const each of [model, plain]) each.dispose();
});

describe('initial weights', () => {
  /** Logits of noise, one row an image. */
  const logitsOf = async (model: LayersModel, inputShape: [number, number, number]) => {
    await tf.setBackend('onnx');
    const logits = tf.tidy(() => {
      const x = tf.randomNormal([16, ...inputShape], 0, 1, 'float32', 1);
      return (model.predict(x) as tf.Tensor2D).arraySync();
    });
    model.dispose();
    await tf.setBackend('cpu');
    return logits;
  };
  const inputShape: [number, number, number] = [16, 16, 3];

  test.each([
    ['All-CNN-C', networks.cifarAllCnnC],
    ['NIN', networks.cifarNin],
  ])('%s, whose logits pass a ReLU: every class has a gradient', async (_, build) => {
    for (const seed of [1, 2, 3]) {
      const logits = await logitsOf(build({ inputShape, seed }), inputShape);
      for (const row of logits) for (const logit of row) expect(logit).toBeGreaterThan(0);
    }
  });

  test.each([
    ['FitNet-4', networks.cifarFitnet4, inputShape],
    ['FitNet for MNIST', networks.mnistFitnet, [28, 28, 1]],
  ] as const)('%s: maxout does not blow the signal up', async (_, build, [...inputShape]) => {
    const logits = (await logitsOf(build({ inputShape, seed: 1 }), inputShape)).flat();
    const size = Math.sqrt(logits.reduce((sum, logit) => sum + logit ** 2, 0) / logits.length);
    expect(size).toBeGreaterThan(0.1);
    expect(size).toBeLessThan(10);
  });

  // Of the authors' Caffe file: 'gaussian' without std is of deviation 1, 'xavier' of sqrt(1 / inputs).
  test.each([
    ['stage1.0.conv', 1],
    ['stage1.1.transform', Math.sqrt(1 / (9 * 32))],
    ['stage2.0.conv', Math.sqrt(1 / (9 * 32))],
    ['last.conv', Math.sqrt(1 / 128)],
    ['fc', 0.05],
  ])('Highway-19, %s: deviation %f', (name, deviation) => {
    const model = networks.cifarHighway({ depth: 19, inputShape, seed: 1 });
    const kernel = Array.from(model.getLayer(name).getWeights()[0]?.dataSync() ?? []);
    const found = Math.sqrt(kernel.reduce((sum, value) => sum + value ** 2, 0) / kernel.length);
    expect(found / deviation).toBeGreaterThan(0.9);
    expect(found / deviation).toBeLessThan(1.1);
    model.dispose();
  });
});

test('dropout follows the papers: less on the image, more from stack to stack', () => {
  const rates = (model: LayersModel) =>
    model.layers.flatMap((layer) => (layer.getClassName() === 'CnnzooDropout' ? [layer.getConfig()['rate']] : []));
  expect(rates(networks.cifarAllCnnC(zeros))).toEqual([0.2, 0.5, 0.5]);
  expect(rates(networks.cifarElu11(zeros)).map((rate) => Number(Number(rate).toFixed(3)))).toEqual([
    0.1, 0.2, 0.3, 0.4, 0.5,
  ]);
  expect(rates(networks.cifarFitnet4({ ...zeros, dropout: 0 }))).toEqual([0, 0, 0, 0, 0]);
});

test.each([
  [() => networks.cifarHighway({ depth: 20 as 19 }), RangeError, /depth must be .*, got 20/],
  [() => networks.cifarFitnet4({ activation: 'elu' as 'relu' }), RangeError, /activation must be .*, got 'elu'/],
  [() => networks.cifarElu11({ inputShape: [31, 32, 3] }), RangeError, /height of at least 32, the smallest input/],
  [() => networks.cifarNin({ auxiliaryHeads: true } as object), RangeError, /cifar_nin has no auxiliary classifiers/],
  [() => networks.cifarDsn({ auxiliaryHeads: true, inputShape: [null, 32, 3] }), RangeError, /a known height/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
