import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';
import reference from './fixtures/cross-entropy.json' with { type: 'json' };

const closeTo = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
};

test.each(reference.cases)(
  'equals PyTorch: $labels labels, smoothing $labelSmoothing, weighted $weighted, $reduction',
  ({ labels: kind, labelSmoothing, weighted, reduction, loss, gradient }) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const labels = kind === 'hard' ? tf.tensor1d(reference.labels, 'int32') : tf.tensor2d(reference.soft);
      const logits = tf.tensor2d(reference.logits);
      const options = { labelSmoothing, ...(weighted ? { classWeights: reference.classWeights } : {}) };
      const value = (z: tf.Tensor2D): tf.Tensor =>
        reduction === 'none'
          ? crossEntropy(labels, z, { ...options, reduction })
          : crossEntropy(labels, z, { ...options, reduction: reduction as 'mean' | 'sum' });
      const weighing = reduction === 'none' ? tf.tensor1d([1, 2, 3]) : tf.scalar(1);
      const computed = tf.grad((z) => tf.sum(tf.mul(value(z as tf.Tensor2D), weighing)))(logits);
      closeTo([...value(logits).dataSync()], [loss].flat());
      closeTo([...computed.dataSync()], gradient.flat());
    });
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('huge logits neither overflow nor lose their gradient', () => {
  const labels = tf.tensor1d([0, 1], 'int32');
  const logits = tf.tensor2d([
    [1e30, 0],
    [0, -500],
  ]);
  closeTo([...crossEntropy(labels, logits, { reduction: 'none' }).dataSync()], [0, 500]);
  const gradient = tf.grad((z) => crossEntropy(labels, z as tf.Tensor2D, { reduction: 'sum' }))(logits);
  closeTo([...gradient.dataSync()], [0, 0, 1, -1]);
});

test('a class whose logit is -Infinity is left out', () => {
  const row = fc.array(fc.record({ logit: fc.double({ min: -50, max: 50, noNaN: true }), masked: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.double({ min: -50, max: 50, noNaN: true }), row, (first, others) => {
      const lossAndGradient = (logits: number[]) => {
        const loss = (z: tf.Tensor) => crossEntropy(tf.tensor1d([0], 'int32'), z as tf.Tensor2D);
        const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d([logits]));
        return { value: value.dataSync()[0] ?? Number.NaN, gradient: [...grad.dataSync()] };
      };
      const masked = lossAndGradient([first, 0, ...others.map(({ logit, masked }) => (masked ? -Infinity : logit))]);
      const left = lossAndGradient([first, 0, ...others.flatMap(({ logit, masked }) => (masked ? [] : [logit]))]);
      expect(masked.value).toBeCloseTo(left.value, 4);
      closeTo(
        masked.gradient.filter((_, i) => i < 2 || others[i - 2]?.masked === false),
        left.gradient,
      );
    }),
    { numRuns: 30 },
  );
});

test('a label whose logit is -Infinity, also by smoothing, has an infinite loss', () => {
  const logits = tf.tensor2d([[0, -Infinity, 1]]);
  expect(crossEntropy(tf.tensor1d([1], 'int32'), logits).dataSync()[0]).toBe(Infinity);
  expect(crossEntropy(tf.tensor1d([0], 'int32'), logits, { labelSmoothing: 0.1 }).dataSync()[0]).toBe(Infinity);
});

test('the gradient is the slope of the loss', () => {
  const finite = fc.double({ min: -4, max: 4, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(finite, { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 0, max: 2 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (row, label, labelSmoothing) => {
        const labels = tf.tensor1d([label], 'int32');
        const loss = (z: tf.Tensor) => crossEntropy(labels, z as tf.Tensor2D, { labelSmoothing });
        const gradient = tf
          .grad(loss)(tf.tensor2d([row]))
          .dataSync();
        for (const axis of row.keys()) {
          const at = (step: number) => tf.tensor2d([row.map((value, i) => (i === axis ? value + step : value))]);
          const slope = ((loss(at(0.05)).dataSync()[0] ?? 0) - (loss(at(-0.05)).dataSync()[0] ?? 0)) / 0.1;
          expect(gradient[axis]).toBeCloseTo(slope, 3);
        }
      },
    ),
    { numRuns: 30 },
  );
});

const labels = tf.tensor1d([0], 'int32');
const logits = tf.tensor2d([[1, 2, 3]]);
test.each<[string, tf.Tensor, tf.Tensor, CrossEntropyOptions]>([
  [
    'labels must be an int32 tensor [1] or a float32 tensor [1, 3], got float32 tensor [1]',
    tf.tensor1d([0]),
    logits,
    {},
  ],
  [
    'labels must be an int32 tensor [1] or a float32 tensor [1, 3], got int32 tensor [2]',
    tf.tensor1d([0, 1], 'int32'),
    logits,
    {},
  ],
  [
    'labels must be an int32 tensor [1] or a float32 tensor [1, 3], got float32 tensor [1, 2]',
    tf.tensor2d([[0, 1]]),
    logits,
    {},
  ],
  [
    'logits must be a float32 tensor [count, classes] with at least one of each, got float32 tensor [3]',
    labels,
    tf.tensor1d([1, 2, 3]),
    {},
  ],
  [
    'logits must be a float32 tensor [count, classes] with at least one of each, got float32 tensor [0, 3]',
    labels,
    tf.zeros([0, 3]),
    {},
  ],
  ['labelSmoothing must be a finite number from 0 to 1, got 1.5', labels, logits, { labelSmoothing: 1.5 }],
  [
    'classWeights must be an array of 3, one weight of at least 0 for each class, got [1, 2]',
    labels,
    logits,
    { classWeights: [1, 2] },
  ],
  [
    'classWeights[1] must be a finite number of at least 0, got NaN',
    labels,
    logits,
    { classWeights: [1, Number.NaN, 2] },
  ],
  ["reduction must be one of 'mean', 'sum', 'none', got 'max'", labels, logits, { reduction: 'max' as 'mean' }],
  [
    "crossEntropy has no option 'labelsmoothing': did you mean 'labelSmoothing'?",
    labels,
    logits,
    { labelsmoothing: 0.1 } as object,
  ],
])('says: %s', (message, wrongLabels, wrongLogits, options) => {
  expect(() =>
    crossEntropy(wrongLabels as tf.Tensor1D, wrongLogits as tf.Tensor2D, options as { reduction: 'mean' }),
  ).toThrow(message);
});
