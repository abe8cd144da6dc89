import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { auxiliaryCrossEntropy } from './auxiliary-cross-entropy.js';
import { crossEntropy } from './cross-entropy.js';

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
