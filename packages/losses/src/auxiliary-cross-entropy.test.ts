import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { auxiliaryCrossEntropy, auxiliaryLoss } from './auxiliary-cross-entropy.js';
import { crossEntropy } from './cross-entropy.js';
import { squaredHinge } from './squared-hinge.js';

const labels = tf.tensor1d([0, 1], 'int32');
const outputs = [
  [
    [2, 1],
    [0, 3],
  ],
  [
    [0, 1],
    [1, 0],
  ],
  [
    [5, 1],
    [2, 2],
  ],
].map((rows) => tf.tensor2d(rows));

test('is the main loss plus the weighted sum of the heads', () => {
  const [main = 0, a = 0, b = 0] = outputs.map((o) => crossEntropy(labels, o, { labelSmoothing: 0.1 }).dataSync()[0]);
  const loss = auxiliaryCrossEntropy(labels, outputs, { labelSmoothing: 0.1, auxiliaryWeight: 0.4 });
  expect(loss.dataSync()[0]).toBeCloseTo(main + 0.4 * (a + b), 6);
});

test('the heads get their share of the gradient', () => {
  const gradients = tf.grads((...z) => auxiliaryCrossEntropy(labels, z as tf.Tensor2D[]))(outputs);
  const alone = tf.grad((z) => crossEntropy(labels, z as tf.Tensor2D))(outputs[1] ?? outputs[0] ?? tf.zeros([2, 2]));
  const [, head] = gradients;
  expect([...(head?.dataSync() ?? [])]).toEqual([...alone.dataSync()].map((value) => expect.closeTo(0.3 * value, 6)));
});

test('the squared hinge counts what is missing to a margin of 1, of indices and of distributions', () => {
  const z = tf.tensor2d([
    [2, 1],
    [0.25, -0.5],
  ]);
  // Image 0: 0 and (1 + 1)^2; image 1: (1 + 0.25)^2 and (1 + 0.5)^2.
  expect(squaredHinge(labels, z).dataSync()[0]).toBeCloseTo((4 + 1.25 ** 2 + 1.5 ** 2) / 2, 6);
  const soft = tf.tensor2d([
    [1, 0],
    [0, 1],
  ]);
  expect(squaredHinge(soft, z).dataSync()).toEqual(squaredHinge(labels, z).dataSync());
  const gradient = tf.grad((logits) => squaredHinge(labels, logits as tf.Tensor2D))(z);
  expect([...gradient.dataSync()]).toEqual([0, 2, 1.25, -1.5].map((value) => expect.closeTo(value, 6)));
  const heads = auxiliaryLoss([z, z], (logits) => squaredHinge(labels, logits), 0.5);
  expect(heads.dataSync()[0]).toBeCloseTo(1.5 * ((4 + 1.25 ** 2 + 1.5 ** 2) / 2), 6);
  expect(() => squaredHinge(tf.tensor1d([0], 'int32'), z)).toThrow(/labels/);
});

test('without heads it is the cross-entropy', () => {
  const [main] = outputs;
  if (main === undefined) throw new Error('no logits');
  expect(auxiliaryCrossEntropy(labels, [main]).dataSync()).toEqual(crossEntropy(labels, main).dataSync());
});

test('says what is wrong', () => {
  expect(() => auxiliaryCrossEntropy(labels, [])).toThrow(
    'outputs must be an array of at least 1, each a tensor of logits, got []',
  );
  expect(() => auxiliaryCrossEntropy(labels, outputs, { auxiliaryWeight: -1 })).toThrow(
    'auxiliaryWeight must be a finite number of at least 0, got -1',
  );
});
