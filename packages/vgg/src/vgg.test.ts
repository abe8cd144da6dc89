import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import { describeFamily, type ModelGolden, onBackend, stateShapes, testGoldenTraining } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import * as vgg from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

const zeros = { initialWeights: 'zeros' } as const;

const networks = {
  vgg11: vgg.vgg11,
  vgg13: vgg.vgg13,
  vgg16: vgg.vgg16,
  vgg19: vgg.vgg19,
  vgg11_bn: vgg.vgg11Bn,
  vgg13_bn: vgg.vgg13Bn,
  vgg16_bn: vgg.vgg16Bn,
  vgg19_bn: vgg.vgg19Bn,
};
for (const [name, build] of Object.entries(networks)) describeFamily(name, build);

test.each(Object.entries(networks))('%s knows its id', (name, build) => {
  const model = build({ ...zeros, includeTop: false });
  expect(modelMetadata(model)?.id).toBe(name);
  model.dispose();
});

// Its last feature map is enlarged at this input.
testGoldenTraining('vgg11_bn', (options) => vgg.vgg11Bn({ ...options, dropout: 0 }));

const preluNetGolden = JSON.parse(
  readFileSync(new URL('./fixtures/prelu_net_a.json', import.meta.url), 'utf8'),
) as ModelGolden;
describe('prelu_net_a', () =>
  describeFamily(preluNetGolden, (options) => vgg.preluNetA({ ...options, inputShape: [64, 64, 3] })));

test('PReLU-net has the parameters and multiply-accumulates of its table', () => {
  for (const [build, parameters, macs] of [
    [vgg.preluNetA, 178_032_072, 1.9e10],
    [vgg.preluNetB, 183_343_048, 2.32e10],
    [vgg.preluNetC, 330_623_944, 5.3e10],
  ] as const) {
    const model = build(zeros);
    expect(model.countParams()).toBe(parameters);
    // The paper's table 3 counts the convolutions.
    const convolutions = model.layers.filter((layer) => layer.getClassName() === 'CnnzooConv2D');
    const counted = convolutions.reduce((sum, { outputShape, weights }) => {
      const [, height, width] = outputShape as number[];
      const [kernel] = weights;
      return sum + (height ?? 0) * (width ?? 0) * (kernel?.shape ?? []).reduce<number>((a, b) => a * Number(b), 1);
    }, 0);
    expect(Math.abs(counted / macs - 1)).toBeLessThan(0.01);
    model.dispose();
  }
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

test('is a backbone', async () => {
  const model = vgg.vgg16({ ...zeros, includeTop: false, inputShape: [null, null, 1] });
  const backbone = features(model, ['features.3', 'features.16', 'features']);
  expect(backbone.outputs.map(({ shape }) => shape)).toEqual([
    [null, null, null, 64],
    [null, null, null, 256],
    [null, null, null, 512],
  ]);
  const maps = await onBackend('onnx', () => backbone.predict(tf.zeros([1, 40, 70, 1])) as tf.Tensor[]);
  expect(maps.map(({ shape }) => shape)).toEqual([
    [1, 40, 70, 64],
    [1, 5, 8, 256],
    [1, 1, 2, 512],
  ]);
  tf.dispose(maps);
  model.dispose();
});

test.each([
  [
    () => vgg.vgg16({ inputShape: [31, 224, 3] }),
    RangeError,
    /height of at least 32, the smallest input of vgg16, got 31/,
  ],
  [() => vgg.vgg19Bn({ numClasses: 0 }), RangeError, /numClasses must be .*, got 0/],
  [() => vgg.vgg11({ batchNorm: true } as object), TypeError, /vgg11 has no option 'batchNorm'/],
  [() => vgg.vgg11Bn({ auxiliaryHeads: true } as object), RangeError, /vgg11_bn has no auxiliary classifiers/],
  [() => vgg.vgg11({ dropout: 1.5 }), RangeError, /dropout must be .*, got 1.5/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
