import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { expectSameOnBoth, numbers, withGradients } from '../testing/both-backends.js';

/** [2, 3, 4, 5], stored channels first by the convolution that made it. */
const convolved = () =>
  tf.conv2d(numbers<tf.Rank.R4>([2, 3, 4, 3], 1), numbers<tf.Rank.R4>([3, 3, 3, 5], 2), 1, 'same');

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const reductions: [string, Reduce][] = [
  ['sum', tf.sum],
  ['mean', tf.mean],
  ['max', tf.max],
  ['min', tf.min],
  ['prod', tf.prod],
];

const axes = fc.subarray([0, 1, 2, 3]);

describe('reductions', () => {
  it.each(reductions)('%s over any axes of any layout', (_, reduce) =>
    fc.assert(
      fc.asyncProperty(axes, fc.boolean(), async (axis, keepDims) =>
        expectSameOnBoth(() => ({
          plain: reduce(numbers([2, 3, 4, 5]), axis, keepDims),
          convolved: reduce(convolved(), axis, keepDims),
          negative: reduce(numbers([2, 3, 4]), -1, keepDims),
        })),
      ),
      { seed: 1, numRuns: 12 },
    ),
  );

  it.each(reductions.slice(0, 4))('gradient of %s over any axes', (_, reduce) =>
    fc.assert(
      fc.asyncProperty(axes, fc.boolean(), async (axis, keepDims) =>
        expectSameOnBoth(() =>
          withGradients(
            (x, filter) => reduce(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), axis, keepDims),
            [numbers([2, 3, 4, 3], 1), numbers([3, 3, 3, 5], 2)],
          ),
        ),
      ),
      { seed: 2, numRuns: 8 },
    ),
  );

  it('of products, one a channel, as batch norm takes them', () =>
    expectSameOnBoth(() => {
      const x = tf.conv2d(numbers<tf.Rank.R4>([2, 20, 20, 3], 1), numbers<tf.Rank.R4>([3, 3, 3, 5], 2), 1, 'same');
      const y = tf.relu(x);
      const centered = tf.sub(x, tf.mean(x, [0, 1, 2]));
      const perChannel = numbers([5], 3);
      const kept = tf.mul(x, y);
      return {
        scalar: tf.sum(tf.mul(x, y), [0, 1, 2]),
        variance: tf.mean(tf.square(centered), [0, 1, 2], true),
        scaled: tf.sum(tf.mul(x, perChannel), [0, 1, 2]),
        scaledMean: tf.mean(tf.mul(tf.reshape(perChannel, [1, 1, 1, 5]), y), [0, 1, 2], true),
        kept,
        ofKept: tf.sum(kept, [0, 1, 2]),
        oneChannel: tf.sum(tf.mul(tf.slice(x, [0, 0, 0, 1], [2, 20, 20, 1]), perChannel), [0, 1, 2]),
        plain: tf.sum(tf.mul(numbers([2, 20, 20, 5]), perChannel), [0, 1, 2]),
      };
    }));

  it('of integers and truth values', () =>
    expectSameOnBoth(() => {
      const integers = tf.cast(tf.mul(numbers([3, 4]), 10), 'int32');
      const positive = tf.greater(numbers([3, 4]), 0);
      return {
        sum: tf.sum(integers, 1),
        max: tf.max(integers, 0),
        all: tf.all(positive, 1),
        any: tf.any(positive, 0, true),
        anyOfConvolved: tf.any(tf.greater(convolved(), 0), [1, 2]),
        argMax: tf.argMax(integers, 1),
        count: tf.sum(positive),
      };
    }));

  it('finds the largest and smallest', () =>
    expectSameOnBoth(() => ({
      argMax: tf.argMax(convolved(), -1),
      argMin: tf.argMin(convolved(), 1),
      ties: tf.argMax(tf.zeros([3, 4]), 1),
    })));

  it('has NaN where there is one', () =>
    expectSameOnBoth(() => {
      const x = tf.tensor2d([1, Number.NaN, 3, 4], [2, 2]);
      return { max: tf.max(x, 1), min: tf.min(x, 1), sum: tf.sum(x, 1), maximum: tf.maximum(x, 2) };
    }));

  it('moments, norms, log-sum-exp, cumulative sums, top-k', () =>
    expectSameOnBoth(() => {
      const { mean, variance } = tf.moments(convolved(), [0, 1, 2]);
      const { values, indices } = tf.topk(tf.round(tf.mul(numbers([4, 9]), 4)), 3);
      return {
        mean,
        variance,
        values,
        indices,
        norm: tf.norm(numbers([3, 4]), 'euclidean', 1),
        logSumExp: tf.logSumExp(numbers([3, 4]), 1),
        cumsum: tf.cumsum(numbers([3, 4]), 1, true, true),
        variable: tf.sqrt(tf.moments(numbers([3, 4])).variance),
      };
    }));
});

describe('softmax and cross-entropy', () => {
  it('softmax of the last axis, of rank 2 and 4, with gradients', () =>
    expectSameOnBoth(() => {
      const two = withGradients((x) => tf.softmax(x), [tf.mul(numbers([4, 7]), 30)]);
      const four = withGradients(
        (x, filter) => tf.softmax(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')),
        [numbers([2, 3, 4, 3], 1), numbers([3, 3, 3, 5], 2)],
      );
      return {
        ...Object.fromEntries(Object.entries(two).map(([name, tensor]) => [`two ${name}`, tensor])),
        ...Object.fromEntries(Object.entries(four).map(([name, tensor]) => [`four ${name}`, tensor])),
      };
    }));

  it('log-softmax with its gradient', () =>
    expectSameOnBoth(() => withGradients((x) => tf.logSoftmax(x), [tf.mul(numbers([4, 7]), 30)])));

  it('cross-entropy of logits, with label smoothing, and its gradient', () =>
    expectSameOnBoth(() => {
      const labels = tf.oneHot(tf.tensor1d([0, 3, 6, 2], 'int32'), 7);
      return withGradients(
        (logits) => tf.losses.softmaxCrossEntropy(labels, logits, undefined, 0.1),
        [tf.mul(numbers([4, 7]), 5)],
      );
    }));

  it('sigmoid cross-entropy, Huber, squared, absolute and hinge losses', () =>
    expectSameOnBoth(() => {
      const labels = tf.cast(tf.greater(numbers([4, 7], 2), 0), 'float32');
      const predictions = numbers([4, 7]);
      return {
        sigmoid: tf.losses.sigmoidCrossEntropy(labels, predictions),
        huber: tf.losses.huberLoss(labels, predictions),
        squared: tf.losses.meanSquaredError(labels, predictions),
        absolute: tf.losses.absoluteDifference(labels, predictions),
        hinge: tf.losses.hingeLoss(labels, predictions),
        log: tf.losses.logLoss(labels, tf.sigmoid(predictions)),
        cosine: tf.losses.cosineDistance(labels, predictions, 1),
      };
    }));
});
