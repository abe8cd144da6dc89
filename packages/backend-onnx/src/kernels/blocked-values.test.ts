import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectSameOnBoth, numbers, withGradients } from '../testing/both-backends.js';
import { graphsOf, operatorsOf } from '../testing/compiled-graphs.js';

// Large enough for blocked kernels: more than 1,000 pixels, 32 channels.
const picture = () => numbers<tf.Rank.R4>([1, 33, 34, 32], 1);
const filter = (seed: number) => numbers<tf.Rank.R4>([3, 3, 32, 32], seed);

const convolution = (x: tf.Tensor, kernel: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
const biased = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) => tf.add(convolution(x, kernel), bias);

/** Convolution, bias, ReLU, twice; pooling; convolution: a part of a VGG. */
function stage(x: tf.Tensor, ...weights: tf.Tensor[]): tf.Tensor {
  const [first, second, third, bias] = weights as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.tidy(() => {
    const y = tf.relu(biased(tf.relu(biased(x, first, bias)), second, bias));
    return convolution(tf.maxPool(y as tf.Tensor4D, 2, 1, 'same'), third);
  });
}
const weights = () => [filter(2), filter(3), filter(4), numbers([32], 5)];

describe('convolutions in blocks', () => {
  it('with bias, ReLU and pooling between them are those of tfjs', () =>
    expectSameOnBoth(() => ({ y: stage(picture(), ...weights()) })));

  it('have the gradients of tfjs', () => expectSameOnBoth(() => withGradients(stage, [picture(), ...weights()])));

  it('stay in blocks from one to the next', (context) => {
    const [graph = ''] = graphsOf(() => stage(picture(), ...weights()).dataSync());
    if (!graph.includes('ReorderInput')) {
      console.log('skipped: this processor has no blocked convolution kernels');
      context.skip();
    }
    // The picture's, and those of three filters.
    expect(operatorsOf(graph, 'ReorderInput')).toBe(4);
    expect(operatorsOf(graph, 'ReorderOutput')).toBe(1);
  });

  it('give every value that something else reads', () =>
    expectSameOnBoth(() => {
      const [first, second, , bias] = weights() as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const plain = convolution(picture(), first);
      const moved = tf.add(plain, bias);
      const active = tf.relu(moved) as tf.Tensor4D;
      const pooled = tf.maxPool(active, [3, 2], [2, 1], 'valid');
      return { plain, moved, active, pooled, next: convolution(active, second), after: convolution(pooled, second) };
    }));

  it('take ReLU and pooling of what is not made in blocks as it is', () =>
    expectSameOnBoth(() => ({
      sum: tf.relu(tf.add(convolution(picture(), filter(2)), picture())),
      pooled: tf.maxPool(tf.sub(convolution(picture(), filter(2)), 0.5) as tf.Tensor4D, 2, 2, 'valid'),
    })));
});

describe('what is added to a convolution', () => {
  const y = () => tf.conv2d(numbers<tf.Rank.R4>([2, 5, 4, 3], 1), numbers<tf.Rank.R4>([3, 3, 3, 4], 2), 1, 'same');

  it('may be its bias, on either side and of any rank', () =>
    expectSameOnBoth(() => ({
      right: tf.add(y(), numbers([4], 3)),
      left: tf.add(numbers([4], 3), y()),
      wide: tf.add(y(), numbers([1, 1, 1, 4], 3)),
      wider: tf.add(y(), numbers([1, 1, 1, 1, 4], 3)),
      twice: tf.add(tf.add(y(), numbers([4], 3)), numbers([4], 4)),
      active: tf.relu(tf.add(y(), numbers([4], 3))),
    })));

  it('may be something else', () =>
    expectSameOnBoth(() => {
      const same = y();
      return {
        number: tf.add(y(), 0.5),
        columns: tf.add(y(), numbers([4, 1], 3)),
        rows: tf.add(y(), numbers([5, 1, 1], 3)),
        pixels: tf.add(y(), numbers([5, 4, 4], 3)),
        convolution: tf.add(y(), tf.mul(y(), 2)),
        itself: tf.add(same, same),
      };
    }));

  it('has the gradients of tfjs', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, kernel, bias) => tf.relu(tf.add(convolution(x, kernel), bias)),
        [numbers([2, 5, 4, 3], 1), numbers([3, 3, 3, 4], 2), numbers([4], 3)],
      ),
    ));
});
