import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import { batchNorm } from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

const train = (layer: ReturnType<typeof batchNorm>, x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;

test('keeps its digits where the mean is large', () => {
  // Deviation 1 around 10,000: mean(x^2) - mean^2 would have an error of about 8 in float32.
  const noise = tf.randomNormal([4, 8, 8, 2], 0, 1, 'float32', 1);
  const layer = batchNorm();
  const wanted = train(batchNorm(), noise).dataSync();
  const actual = train(layer, tf.add(noise, 10_000)).dataSync();
  wanted.forEach((value, index) => {
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThan(5e-3);
  });
});

test('one value per channel cannot be normalised', () => {
  expect(() => train(batchNorm({ name: 'bn' }), tf.ones([1, 1, 1, 3]))).toThrow(
    /layer bn.*more than one value per channel/,
  );
});

test('a frozen layer uses its running statistics and leaves them alone', () => {
  const x = tf.randomNormal([4, 3, 3, 2], 5, 2, 'float32', 1);
  const layer = batchNorm();
  layer.apply(x);
  layer.trainable = false;
  const frozen = train(layer, x).dataSync();
  expect(frozen).toEqual((layer.apply(x) as tf.Tensor).dataSync());
  expect(layer.getWeights().map((weight) => Array.from(weight.dataSync()))).toEqual([
    [1, 1],
    [0, 0],
    [0, 0],
    [1, 1],
  ]);
});

test.each(['linear', 'relu'] as const)('no tensors are left behind, activation %s', (activation) => {
  const x = tf.ones([2, 3, 3, 2]);
  const layer = batchNorm({ activation });
  train(layer, x).dispose();
  const before = tf.memory().numTensors;
  for (let step = 0; step < 3; step++) {
    train(layer, x).dispose();
    (layer.apply(x) as tf.Tensor).dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});

test.each([[[4, 3, 3, 2]], [[8, 2]]])('its ReLU is the layer after it, of shape %j', (shape) => {
  const x = tf.randomNormal(shape, 5, 2, 'float32', 1);
  const [fused, plain] = [batchNorm({ activation: 'relu' }), batchNorm()];
  for (const training of [true, false]) {
    const value = (layer: typeof plain, x: tf.Tensor) => layer.apply(x, { training }) as tf.Tensor;
    const wanted = tf.valueAndGrad((x) => tf.sum(tf.square(tf.relu(value(plain, x)))))(x);
    const actual = tf.valueAndGrad((x) => tf.sum(tf.square(value(fused, x))))(x);
    expect(actual.value.dataSync()).toEqual(wanted.value.dataSync());
    expect(actual.grad.dataSync()).toEqual(wanted.grad.dataSync());
  }
  expect(tf.min(train(fused, x)).dataSync()[0]).toBe(0);
  expect(fused.getConfig()).toMatchObject({ activation: 'relu' });
});

test('an activation that it does not have is refused', () => {
  expect(() => batchNorm({ activation: 'tanh' as 'relu' })).toThrow(/activation.*tanh/);
});
