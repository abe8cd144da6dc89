import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import { describeFamily, onBackend, parameterCount, stateShapes } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { bnInception, inceptionV2, inceptionV3 } from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

const zeros = { initialWeights: 'zeros' } as const;

function sizes(model: LayersModel, names: readonly string[]) {
  return features(model, names).outputs.map(({ shape }) => shape.slice(1));
}

describeFamily('inception_v3', inceptionV3, { withHeads: true });

test('Inception-v3 has an output for its logits and one for the auxiliary head', () => {
  const model = inceptionV3({ auxiliaryHeads: true, ...zeros });
  expect(model.outputs).toHaveLength(2);
  model.dispose();
});

test("Inception-v2 has the sizes of the paper's table 1", () => {
  const model = inceptionV2(zeros);
  expect(modelMetadata(model)).toMatchObject({ id: 'inception_v2', preprocessing: { resizeSize: 342, cropSize: 299 } });
  const stem = ['Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'maxpool1', 'Conv2d_3b_3x3', 'Conv2d_4a_3x3'];
  expect(sizes(model, stem)).toEqual([
    [149, 149, 32],
    [147, 147, 32],
    [147, 147, 64],
    [73, 73, 64],
    [71, 71, 80],
    [35, 35, 192],
  ]);
  expect(sizes(model, ['Conv2d_4b_3x3', 'Mixed_5b', 'Mixed_5c', 'Mixed_5d'])).toEqual(Array(4).fill([35, 35, 288]));
  expect(
    sizes(
      model,
      'abcdef'.split('').map((letter) => `Mixed_6${letter}`),
    ),
  ).toEqual(Array(6).fill([17, 17, 768]));
  expect(sizes(model, ['Mixed_7a', 'Mixed_7b', 'Mixed_7c'])).toEqual([
    [8, 8, 1280],
    [8, 8, 2048],
    [8, 8, 2048],
  ]);
  expect(parameterCount(model)).toBe(26_405_192);
  model.dispose();
});

test('the options of Inception-v2 are the steps to v3', () => {
  const keys = (options: object) =>
    Object.keys(stateShapes(inceptionV2({ auxiliaryHeads: true, ...options, ...zeros })));
  const plain = keys({});
  const unfactorized = keys({ factorized7x7: false });
  expect(unfactorized.filter((key) => !plain.includes(key))).toEqual(
    ['conv.weight', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'].map((key) => `Conv2d_1a_7x7.${key}`),
  );
  expect(sizes(inceptionV2({ factorized7x7: false, ...zeros }), ['Conv2d_1a_7x7'])).toEqual([[147, 147, 64]]);
  expect(plain.filter((key) => key.startsWith('AuxLogits.conv0'))).toEqual([
    'AuxLogits.conv0.conv.weight',
    'AuxLogits.conv0.conv.bias',
  ]);
  expect(keys({ auxiliaryBatchNorm: true })).toContain('AuxLogits.conv0.bn.running_mean');
});

test("BN-Inception has the sizes of its paper's table", () => {
  const model = bnInception(zeros);
  expect(parameterCount(model)).toBe(11_188_288);
  expect(modelMetadata(model)?.id).toBe('bn_inception');
  expect(stateShapes(model)['conv1.depthwise.weight']).toEqual([24, 1, 7, 7]);
  const rows = ['conv1', 'maxpool1', 'conv3', 'maxpool2', 'inception3a', 'inception3b', 'inception3c', 'inception4a'];
  rows.push('inception4b', 'inception4c', 'inception4d', 'inception4e', 'inception5a', 'inception5b');
  expect(sizes(model, rows)).toEqual([
    [112, 112, 64],
    [56, 56, 64],
    [56, 56, 192],
    [28, 28, 192],
    [28, 28, 256],
    [28, 28, 320],
    [14, 14, 576],
    [14, 14, 576],
    [14, 14, 576],
    [14, 14, 576],
    [14, 14, 576],
    [7, 7, 1024],
    [7, 7, 1024],
    [7, 7, 1024],
  ]);
  model.dispose();
});

test.each([
  [inceptionV3, false, 75],
  [inceptionV3, true, 299],
  [inceptionV2, false, 75],
  [inceptionV2, true, 299],
])('%o, auxiliary heads %s: %d is the smallest input', async (build, auxiliaryHeads, size) => {
  const options = { auxiliaryHeads, numClasses: 3, ...zeros };
  const model = build({ inputShape: [size, size, 1], ...options });
  const outputs = await onBackend('onnx', () => model.predict(tf.zeros([1, size, size, 1])));
  expect([outputs].flat().map(({ shape }) => shape)).toEqual(auxiliaryHeads ? Array(2).fill([1, 3]) : [[1, 3]]);
  tf.dispose(outputs);
  model.dispose();
  expect(() => build({ inputShape: [size - 1, size, 3], ...options })).toThrow(
    new RegExp(`height of at least ${size}, the smallest input of \\w+, got ${size - 1}`),
  );
});

test.each([
  [() => inceptionV3({ numClasses: 0 }), RangeError, /numClasses must be .*, got 0/],
  [() => inceptionV3({ factorized7x7: true } as object), TypeError, /inception_v3 has no option 'factorized7x7'/],
  [() => inceptionV2({ factorized7x7: 'no' } as object), TypeError, /factorized7x7 must be .*, got 'no'/],
  [() => bnInception({ auxiliaryHeads: true } as object), RangeError, /bn_inception has no auxiliary classifiers/],
  [() => bnInception({ inputShape: [0, 224, 3] }), RangeError, /height.*0/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
