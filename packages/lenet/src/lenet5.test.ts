import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { stateShapes, testGoldenTraining, trainingGolden } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { lenet5, lenetBook } from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

test('has the parameters of the paper under the names of the PyTorch code', () => {
  const model = lenet5({ initialWeights: 'zeros' });
  expect(model.countParams()).toBe(61_706);
  expect(stateShapes(model)).toEqual(trainingGolden('lenet5').state);
  expect(model.outputs.map(({ shape }) => shape)).toEqual([[null, 10]]);
});

describe.each(['cpu', 'onnx'])('backend %s', (backend) => testGoldenTraining('lenet5', lenet5, backend));

test("the lecture's LeNet has the layers of its table", () => {
  const model = lenetBook({ initialWeights: 'zeros' });
  expect(model.countParams()).toBe(46_038_242);
  expect(model.layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
    ['input', [null, 224, 224, 3]],
    ['cnn1', [null, 220, 220, 16]],
    ['relu1', [null, 220, 220, 16]],
    ['maxpool1', [null, 110, 110, 16]],
    ['cnn2', [null, 106, 106, 32]],
    ['relu2', [null, 106, 106, 32]],
    ['maxpool2', [null, 53, 53, 32]],
    ['flatten', [null, 53 * 53 * 32]],
    ['fc1', [null, 512]],
    ['fc2', [null, 2]],
    ['softmax', [null, 2]],
  ]);
  model.dispose();
});

test('the same seed gives the same weights, another one others', () => {
  const firstWeights = (seed: number) => {
    const model = lenet5({ seed });
    const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
    model.dispose();
    return weights;
  };
  expect(firstWeights(1)).toEqual(firstWeights(1));
  expect(firstWeights(1)).not.toEqual(firstWeights(2));
});

test('options change the network', () => {
  expect(lenet5({ numClasses: 2, inputShape: [28, 28, 3] }).outputs[0]?.shape).toEqual([null, 2]);
  expect(lenet5({ includeTop: false }).outputs[0]?.shape).toEqual([null, 5, 5, 16]);
  expect(lenet5({ includeTop: false, inputShape: [null, null, 1] }).outputs[0]?.shape).toEqual([null, null, null, 16]);
  expect(lenet5({ includeTop: false, pooling: 'max' }).outputs[0]?.shape).toEqual([null, 16]);
});

test.each([
  [{ numClasses: 0 }, RangeError, /numClasses must be .*, got 0/],
  [{ numClasses: 1.5 }, RangeError, /numClasses must be .*, got 1.5/],
  [{ inputShape: [15, 32, 1] }, RangeError, /height of at least 16, the smallest input of lenet5, got 15/],
  [{ inputShape: [null, 32, 1] }, RangeError, /a known height, got null/],
  [{ inputShape: [32, 32] }, TypeError, /inputShape must be .*, got \[32, 32\]/],
  [{ auxiliaryHeads: true }, RangeError, /no auxiliary classifiers/],
  [{ classes: 3 }, TypeError, /no option 'classes': did you mean 'numClasses'/],
  [{ pooling: 'avg' }, RangeError, /unless includeTop is false/],
])('refuses %j', (options, type, message) => {
  const build = () => lenet5(options as object);
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
