import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import {
  expectGoldenTraining,
  goldenLogitsError,
  layerShapes,
  modelGolden,
  runGoldenTraining,
  stateShapes,
  trainingGolden,
} from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import * as vgg from './index.js';

// Above a hundred million weights each: minutes on a busy machine.
vi.setConfig({ testTimeout: 900_000 });

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

const zeros = { initialWeights: 'zeros' } as const;

describe.each([
  ['vgg11', vgg.vgg11],
  ['vgg13', vgg.vgg13],
  ['vgg16', vgg.vgg16],
  ['vgg19', vgg.vgg19],
  ['vgg11_bn', vgg.vgg11Bn],
  ['vgg13_bn', vgg.vgg13Bn],
  ['vgg16_bn', vgg.vgg16Bn],
  ['vgg19_bn', vgg.vgg19Bn],
])('%s', (name, build) => {
  const golden = modelGolden(name);

  test.skipIf(golden === null)("has torchvision's layers and state dict", () => {
    const model = build(zeros);
    expect(stateShapes(model)).toEqual(golden?.state);
    const shapes = layerShapes(model, golden);
    expect(shapes.actual).toEqual(shapes.expected);
    expect(modelMetadata(model)?.id).toBe(name);
    model.dispose();
  });

  test.skipIf(!golden?.logits)('computes what torchvision computes', async () => {
    const model = build(zeros);
    expect(await goldenLogitsError(model, golden)).toBeLessThan(1e-4);
    model.dispose();
  });
});

test('vgg11_bn trains as in PyTorch, at an input whose last feature map is enlarged', async () => {
  const golden = trainingGolden('vgg11_bn');
  const model = vgg.vgg11Bn({ numClasses: 10, inputShape: [64, 64, 3], dropout: 0, ...zeros });
  expect(stateShapes(model)).toEqual(golden.state);
  const tensors = tf.memory().numTensors;
  expectGoldenTraining(await runGoldenTraining(model, golden), golden);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
});

test('column C has 1x1 convolutions where D has 3x3 ones', () => {
  const model = vgg.vgg16c(zeros);
  expect(model.countParams()).toBe(133_638_952);
  expect(modelMetadata(model)?.id).toBe('vgg16_c');
  const [c, d] = [model, vgg.vgg16(zeros)].map(stateShapes);
  const different = Object.keys(c ?? {}).filter((key) => String(c?.[key]) !== String(d?.[key]));
  expect(different).toEqual(['features.14.weight', 'features.21.weight', 'features.28.weight']);
  model.dispose();
});

test('column A-LRN has one normalisation, after the first ReLU', () => {
  const model = vgg.vgg11Lrn(zeros);
  expect(model.countParams()).toBe(132_863_336);
  const classNames = model.layers.slice(1, 6).map((layer) => [layer.name, layer.getClassName()]);
  expect(classNames).toEqual([
    ['features.0', 'CnnzooConv2D'],
    ['features.1', 'ReLU'],
    ['features.2', 'CnnzooLocalResponseNormalization'],
    ['features.3', 'CnnzooMaxPooling2D'],
    ['features.4', 'CnnzooConv2D'],
  ]);
  model.dispose();
});

test('is a backbone', () => {
  const model = vgg.vgg16({ ...zeros, includeTop: false, inputShape: [null, null, 1] });
  const backbone = features(model, ['features.3', 'features.16', 'features']);
  expect(backbone.outputs.map(({ shape }) => shape)).toEqual([
    [null, null, null, 64],
    [null, null, null, 256],
    [null, null, null, 512],
  ]);
  const maps = backbone.predict(tf.zeros([1, 40, 70, 1])) as tf.Tensor[];
  expect(maps.map(({ shape }) => shape)).toEqual([
    [1, 40, 70, 64],
    [1, 5, 8, 256],
    [1, 1, 2, 512],
  ]);
  tf.dispose(maps);
  model.dispose();
});

test.each([
  [() => vgg.vgg16({ inputShape: [31, 224, 3] }), RangeError, /height 31.*smallest input of vgg16 is 32x32/],
  [() => vgg.vgg19Bn({ numClasses: 0 }), RangeError, /numClasses is 0/],
  [() => vgg.vgg11({ batchNorm: true } as object), TypeError, /vgg11 has no option "batchNorm"/],
  [() => vgg.vgg11Bn({ auxiliaryHeads: true } as object), RangeError, /vgg11_bn has no auxiliary classifiers/],
  [() => vgg.vgg11({ dropout: 1.5 }), RangeError, /dropout is 1.5/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
