import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import {
  adaptiveAveragePooling2d,
  batchNorm,
  connect,
  conv2d,
  dense as denseLayer,
  dropout,
  flatten,
  maxPooling2d,
  relu,
} from '@cnnzoo/blocks';
import { lenetBook } from '@cnnzoo/lenet';
import { goldenInput, loadGoldenWeights } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  input,
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toFullyConvolutional } from './fully-convolutional.js';

beforeAll(() => {
  registerOnnxBackend({ threads: 1 });
});
beforeEach(async () => {
  await tf.setBackend('cpu');
});

interface Parts {
  readonly padding?: number;
  readonly pooledTo?: number;
}

/** Convolutions, poolings, flatten, dense layers: VGG on 16x16. The stride is 4. */
function smallVgg({ padding = 0, pooledTo }: Parts): LayersModel {
  const x = input({ shape: [16, 16, 3] });
  const y = connect(
    x,
    conv2d({ name: 'features.0', filters: 4, kernelSize: 3, padding }),
    batchNorm({ name: 'features.1' }),
    relu({ name: 'features.2' }),
    maxPooling2d({ name: 'features.3', poolSize: 2 }),
    conv2d({ name: 'features.4', filters: 6, kernelSize: 3, padding }),
    relu({ name: 'features.5' }),
    maxPooling2d({ name: 'features.6', poolSize: 2 }),
    ...(pooledTo === undefined ? [] : [adaptiveAveragePooling2d({ name: 'avgpool', outputSize: pooledTo })]),
    flatten({ name: 'flatten' }),
    denseLayer({ name: 'classifier.0', units: 8 }),
    relu({ name: 'classifier.1' }),
    dropout({ name: 'classifier.2', rate: 0.5 }),
    denseLayer({ name: 'classifier.3', units: 5 }),
  );
  const built = makeModel({ inputs: x, outputs: y, name: 'small_vgg' });
  loadGoldenWeights(built);
  return built;
}

/** Logits of the network on every window of its input's size, one stride apart. */
function slid(model: LayersModel, image: tf.Tensor4D, side: number, stride: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width, channels] = image.shape;
    const rows: tf.Tensor[] = [];
    for (let y = 0; y + side <= height; y += stride) {
      const row: tf.Tensor[] = [];
      for (let x = 0; x + side <= width; x += stride) {
        const window = tf.slice(image, [0, y, x, 0], [1, side, side, channels]);
        row.push(model.predict(window) as tf.Tensor);
      }
      rows.push(tf.stack(row, 1));
    }
    return tf.stack(rows, 1) as tf.Tensor4D;
  });
}

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? Number.NaN);
}

const image = () => tf.tensor4d(goldenInput(1, 3, 29, 40), [1, 29, 40, 3]);

describe.each(['cpu', 'onnx'])('on %s', (backend) => {
  beforeEach(async () => {
    await tf.setBackend(backend);
  });

  test.each([
    ['flatten', {}],
    ['pooling that enlarges the feature map', { pooledTo: 3 }],
    ['pooling that reduces it', { pooledTo: 1 }],
  ])('a small VGG with %s equals sliding it over every position of its stride', (_, parts) => {
    const model = smallVgg(parts);
    const tensors = tf.memory().numTensors;
    const dense = toFullyConvolutional(model);
    const x = image();
    const map = dense.predict(x) as tf.Tensor;
    const expected = slid(model, x, 16, 4);
    expect(map.shape).toEqual([1, 4, 7, 5]);
    const difference = largestDifference(map, expected);
    console.log(`${backend}: dense and slid differ by ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(1e-4);
    tf.dispose([x, map, expected]);
    dense.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
});

test('with padded convolutions it equals sliding the classifier over the feature map of the whole image', () => {
  const model = smallVgg({ padding: 1 });
  const x = image();
  const dense = toFullyConvolutional(model);
  const map = dense.predict(x) as tf.Tensor;
  const features = makeModel({
    inputs: dense.inputs,
    outputs: dense.getLayer('features.6').output as SymbolicTensor,
  }).predict(x) as tf.Tensor4D;
  expect(features.shape).toEqual([1, 7, 10, 6]);
  const head = input({ shape: [4, 4, 6] });
  const classifier = makeModel({
    inputs: head,
    outputs: connect(
      head,
      flatten(),
      ...['classifier.0', 'classifier.1', 'classifier.3'].map((name) => model.getLayer(name)),
    ),
  });
  const expected = slid(classifier, features, 4, 1);
  expect(map.shape).toEqual([1, 4, 7, 5]);
  expect(largestDifference(map, expected)).toBeLessThan(1e-4);
  tf.dispose([x, map, features, expected]);
});

test('a model of tfjs’s own layers, 1 channel, 3 classes, with softmax in the last one', () => {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [12, 12, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 6, activation: 'tanh' }),
      layers.batchNormalization({ axis: 1 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  const dense = toFullyConvolutional(model);
  const x = tf.tensor4d(goldenInput(1, 1, 12, 12), [1, 12, 12, 1]);
  const logits = dense.predict(x) as tf.Tensor;
  expect(dense.outputShape).toEqual([null, null, null, 3]);
  expect(largestDifference(tf.softmax(tf.reshape(logits, [1, 3])), model.predict(x) as tf.Tensor)).toBeLessThan(1e-6);
});

test('global pooling becomes pooling of the network’s own map at stride 1', () => {
  const x = input({ shape: [16, 16, 3] });
  const pooled = (pool: layers.Layer) => {
    const convolution = conv2d({ name: 'conv', filters: 4, kernelSize: 5, stride: 2 });
    const built = makeModel({
      inputs: x,
      outputs: connect(x, convolution, pool, denseLayer({ name: 'fc', units: 2 })),
    });
    loadGoldenWeights(built);
    return built;
  };
  for (const pool of [layers.globalAveragePooling2d({ name: 'pool' }), layers.globalMaxPooling2d({ name: 'pool' })]) {
    const model = pooled(pool);
    // Beyond 28 rows the last convolution has a position that no whole window has.
    const wide = tf.slice(image(), [0, 0, 0, 0], [1, 28, 40, 3]);
    const map = toFullyConvolutional(model).predict(wide) as tf.Tensor;
    expect(largestDifference(map, slid(model, wide, 16, 2))).toBeLessThan(1e-4);
  }
});

test('the lecture’s LeNet keeps its weights’ memory to itself', () => {
  const model = lenetBook({ inputShape: [32, 32, 3], initialWeights: 'zeros' });
  const bytes = tf.memory().numBytes;
  const dense = toFullyConvolutional(model);
  expect(dense.outputShape).toEqual([null, null, null, 2]);
  // The kernels are those of the model, in another shape.
  expect(dense.getLayer('fc1').getWeights()[0]?.shape).toEqual([5, 5, 32, 512]);
  dense.dispose();
  expect(tf.memory().numBytes).toBe(bytes);
});

describe('refuses', () => {
  const vector = () => input({ shape: [16, 16, 3] });
  test('layers that do not work position by position', () => {
    const x = vector();
    const y = connect(x, flatten(), layers.repeatVector({ n: 2 }), layers.flatten(), denseLayer({ units: 2 }));
    expect(() => toFullyConvolutional(makeModel({ inputs: x, outputs: y }))).toThrow(
      /expected a feature map|RepeatVector/,
    );
  });
  test('a map flattened into classes', () => {
    const x = vector();
    expect(() => toFullyConvolutional(makeModel({ inputs: x, outputs: connect(x, flatten()), name: 'flat' }))).toThrow(
      "model 'flat' cannot be applied densely: a map of 16 x 16 is flattened to classes without a dense layer",
    );
  });
  test('several branches of vectors', () => {
    const x = vector();
    const [a, b] = [1, 2].map(() => connect(x, flatten(), denseLayer({ units: 2 })));
    const sum = layers.add({ name: 'sum' }).apply([a, b] as SymbolicTensor[]) as SymbolicTensor;
    expect(() => toFullyConvolutional(makeModel({ inputs: x, outputs: sum }))).toThrow(/layer 'sum' \(Add\)/);
  });
});
