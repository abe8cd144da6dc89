import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { expectSameOnBoth, numbers, withGradients } from '../testing/both-backends.js';

describe('batch norm', () => {
  const shapes: [string, number[]][] = [
    ['rank 2', [6, 5]],
    ['rank 3', [2, 6, 5]],
    ['rank 4', [2, 4, 3, 5]],
  ];
  const statistics = () => [numbers([5], 2), tf.add(tf.abs(numbers([5], 3)), 0.1), numbers([5], 4), numbers([5], 5)];

  it.each(shapes)('and the gradients of all its inputs: %s', (_, shape) =>
    expectSameOnBoth(() =>
      withGradients(
        (x, mean, variance, offset, scale) =>
          tf.batchNorm(
            x as tf.Tensor,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            offset as tf.Tensor1D,
            scale as tf.Tensor1D,
            1e-3,
          ),
        [numbers(shape), ...statistics()],
      ),
    ),
  );

  // Without them tfjs has no gradient.
  it.each(shapes)('without offset or scale: %s', (_, shape) =>
    expectSameOnBoth(() => {
      const [mean, variance, offset, scale] = statistics() as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      return {
        neither: tf.batchNorm(numbers(shape), mean, variance),
        offset: tf.batchNorm(numbers(shape), mean, variance, offset),
        scale: tf.batchNorm(numbers(shape), mean, variance, undefined, scale),
      };
    }),
  );

  it('after a convolution, with the statistics of its values', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter, offset, scale) => {
          const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
          const { mean, variance } = tf.moments(y, [0, 1, 2]);
          return tf.relu(
            tf.batchNorm(
              y,
              mean as tf.Tensor1D,
              variance as tf.Tensor1D,
              offset as tf.Tensor1D,
              scale as tf.Tensor1D,
              1e-3,
            ),
          );
        },
        [numbers([3, 6, 6, 3], 1), numbers([3, 3, 3, 5], 2), numbers([5], 4), numbers([5], 5)],
      ),
    ));

  describe('with given statistics after a convolution', () => {
    const normalized = (x: tf.Tensor4D) => {
      const [mean, variance, offset, scale] = statistics() as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      return tf.batchNorm(x, mean, variance, offset, scale, 1e-3);
    };
    const filter = () => numbers<tf.Rank.R4>([3, 3, 3, 5], 6);

    it.each<[string, [number, number, number, number]]>([
      ['more values than weights', [2, 16, 16, 3]],
      ['fewer values than weights', [1, 2, 2, 3]],
    ])('%s', (_, shape) =>
      expectSameOnBoth(() => {
        const x = numbers<tf.Rank.R4>(shape);
        const sides: [number, number] = [1, 1];
        const padded = tf.pad(x, [[0, 0], sides, sides, [0, 0]]);
        const shared = tf.conv2d(x, filter(), 1, 'same');
        return {
          plain: tf.tidy(() => normalized(tf.conv2d(x, filter(), 1, 'same'))),
          padded: tf.tidy(() => normalized(tf.conv2d(padded, filter(), 2, 'valid'))),
          biased: tf.tidy(() =>
            normalized(
              tf.fused.conv2d({
                x,
                filter: filter(),
                strides: 1,
                pad: 'same',
                bias: numbers([5], 8),
                activation: 'linear',
              }),
            ),
          ),
          activated: tf.tidy(() =>
            normalized(
              tf.fused.conv2d({
                x,
                filter: filter(),
                strides: 1,
                pad: 'same',
                bias: numbers([5], 8),
                activation: 'relu',
              }),
            ),
          ),
          depthwise: tf.tidy(() =>
            normalized(
              tf.depthwiseConv2d(
                numbers<tf.Rank.R4>([...shape.slice(0, 3), 5] as typeof shape),
                numbers([3, 3, 5, 1], 9),
                1,
                'same',
              ),
            ),
          ),
          shared: tf.add(normalized(shared), shared),
        };
      }),
    );
  });

  it('with statistics for each value of a picture', () =>
    expectSameOnBoth(() => {
      const values = (seed: number) => numbers<tf.Rank.R4>([1, 3, 4, 2], seed);
      return { y: tf.batchNorm(numbers([2, 3, 4, 2]), values(2), tf.square(values(3)), values(4), values(5)) };
    }));
});

describe('local response normalization', () => {
  it.each([
    [5, 2, 1e-4, 0.75],
    [2, 1, 1, 0.5],
    [1, 0.5, 0.3, 1],
    [0, 1, 1, 0.5],
  ])('and its gradient: radius %d, bias %d, alpha %d, beta %d', (depthRadius, bias, alpha, beta) =>
    expectSameOnBoth(() =>
      withGradients(
        (x) => tf.localResponseNormalization(x as tf.Tensor4D, depthRadius, bias, alpha, beta),
        [tf.mul(numbers([2, 4, 3, 7]), 3)],
      ),
    ),
  );

  it('of one picture without a batch', () =>
    expectSameOnBoth(() => ({ y: tf.localResponseNormalization(numbers<tf.Rank.R3>([4, 3, 7])) })));
});
