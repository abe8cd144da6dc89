import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topKAccuracy } from './top-k-accuracy.js';

const accuracy = (labels: number[], logits: number[][], k?: number) =>
  topKAccuracy(tf.tensor1d(labels, 'int32'), tf.tensor2d(logits), k).dataSync()[0];

test('is the share of classes among the k largest logits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 4, maxLength: 4 }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.integer({ min: 1, max: 4 }),
      (logits, k) => {
        const labels = logits.map((_, row) => row % 4);
        const right = logits.filter((row, i) => [...row].sort((a, b) => b - a).indexOf(row[i % 4] ?? 0) < k).length;
        expect(accuracy(labels, logits, k)).toBeCloseTo(right / logits.length, 6);
      },
    ),
  );
});

test('of equal logits the first counts as the largest', () => {
  expect(accuracy([0], [[1, 1, 1]])).toBe(1);
  expect(accuracy([1], [[1, 1, 1]])).toBe(0);
  expect(accuracy([1], [[1, 1, 1]], 2)).toBe(1);
});

test('NaN is wrong', () => {
  expect(accuracy([0], [[Number.NaN, Number.NaN, Number.NaN]])).toBe(0);
  expect(accuracy([0], [[Number.NaN, 1, 2]])).toBe(0);
});

test('takes distributions as labels', () => {
  expect(topKAccuracy(tf.tensor2d([[0.1, 0.9]]), tf.tensor2d([[0, 1]])).dataSync()[0]).toBe(1);
});

test('top-5 of 3 classes is refused, not 100 %', () => {
  expect(() => accuracy([0], [[1, 2, 3]], 5)).toThrow('k must be an integer from 1 to 3, got 5');
});

test('leaves no tensors behind', () => {
  const labels = tf.tensor1d([0], 'int32');
  const logits = tf.tensor2d([[1, 2]]);
  const before = tf.memory().numTensors;
  topKAccuracy(labels, logits).dispose();
  expect(tf.memory().numTensors).toBe(before);
});
