import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import { batchNorm } from './index.js';

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

test('no tensors are left behind', () => {
  const x = tf.ones([2, 3, 3, 2]);
  const layer = batchNorm();
  train(layer, x).dispose();
  const before = tf.memory().numTensors;
  for (let step = 0; step < 3; step++) train(layer, x).dispose();
  expect(tf.memory().numTensors).toBe(before);
});
