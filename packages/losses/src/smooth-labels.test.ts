import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { smoothLabels } from './smooth-labels.js';

test("the lecture's example with the paper's formula: the sum stays 1", () => {
  expect(smoothLabels(tf.tensor1d([0], 'int32'), 4, 0.25).arraySync()).toEqual([[0.8125, 0.0625, 0.0625, 0.0625]]);
});

test('distributions are smoothed, too', () => {
  expect(smoothLabels(tf.tensor2d([[0.5, 0.5]]), 2, 0.5).arraySync()).toEqual([[0.5, 0.5]]);
  expect(smoothLabels(tf.tensor2d([[1, 0]]), 2, 0.5).arraySync()).toEqual([[0.75, 0.25]]);
});

test('epsilon 0 gives the labels themselves', () => {
  expect(smoothLabels(tf.tensor1d([2, 0], 'int32'), 3, 0).arraySync()).toEqual([
    [0, 0, 1],
    [1, 0, 0],
  ]);
});

test('says what is wrong', () => {
  const labels = tf.tensor1d([0], 'int32');
  expect(() => smoothLabels(labels, 0, 0.1)).toThrow('numClasses must be an integer of at least 1, got 0');
  expect(() => smoothLabels(labels, 3, -0.1)).toThrow('epsilon must be a finite number from 0 to 1, got -0.1');
  expect(() => smoothLabels(tf.tensor2d([[1, 0]]), 3, 0.1)).toThrow(
    'labels must be an int32 tensor [count] or a float32 tensor [count, 3], got float32 tensor [1, 2]',
  );
});
