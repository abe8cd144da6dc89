import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { expectSameOnBoth, numbers, withGradients } from '../testing/both-backends.js';

/** [2, 4, 6, 5], stored channels first by the convolution that made it. */
const convolve = (x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, numbers([3, 3, 3, 5], 2), 1, 'same');
const input = () => numbers([2, 4, 6, 3]);

type Rearrange = (y: tf.Tensor4D) => tf.Tensor;

const rearrangements: [string, Rearrange][] = [
  ['reshape', (y) => tf.reshape(y, [8, 30])],
  ['expandDims', (y) => tf.expandDims(y, 1)],
  ['transpose', (y) => tf.transpose(y, [3, 1, 0, 2])],
  ['slice', (y) => tf.slice(y, [0, 1, 2, 1], [2, 2, 3, 3])],
  ['stridedSlice', (y) => tf.stridedSlice(y, [0, 3, 0, 4], [2, -5, 6, 0], [1, -1, 2, -2])],
  [
    'pad',
    (y) =>
      tf.pad(
        y,
        [
          [1, 0],
          [0, 2],
          [1, 1],
          [2, 0],
        ],
        0.5,
      ),
  ],
  [
    'reflect',
    (y) =>
      tf.mirrorPad(
        y,
        [
          [0, 0],
          [1, 2],
          [2, 1],
          [0, 0],
        ],
        'reflect',
      ),
  ],
  [
    'symmetric',
    (y) =>
      tf.mirrorPad(
        y,
        [
          [1, 0],
          [1, 2],
          [2, 1],
          [2, 0],
        ],
        'symmetric',
      ),
  ],
  ['tile', (y) => tf.tile(y, [1, 2, 3, 1])],
  ['broadcastTo', (y) => tf.broadcastTo(tf.slice(y, [0, 0, 0, 0], [2, 1, 6, 1]), [2, 4, 6, 5])],
  ['reverse', (y) => tf.reverse(y, [1, 3])],
  ['concat of channels', (y) => tf.concat([y, tf.neg(y), tf.ones([2, 4, 6, 2])], 3)],
  ['concat of rows', (y) => tf.concat([y, y], 1)],
  ['split', (y) => tf.concat(tf.split(y, [1, 3, 1], 3).reverse(), 3)],
  ['stack', (y) => tf.stack([y, tf.mul(y, 2)], 2)],
  ['unstack', (y) => tf.addN(tf.unstack(y, 1))],
  ['gather', (y) => tf.gather(y, tf.tensor1d([4, 0, 0, 2], 'int32'), 3)],
  ['gather of pictures', (y) => tf.gather(y, tf.tensor2d([1, 0, 1, 1], [2, 2], 'int32'))],
  [
    'spaceToBatchND',
    (y) =>
      tf.spaceToBatchND(
        y,
        [2, 3],
        [
          [0, 0],
          [1, 2],
        ],
      ),
  ],
  [
    'batchToSpaceND',
    (y) =>
      tf.batchToSpaceND(
        y,
        [2, 1],
        [
          [1, 0],
          [0, 1],
        ],
      ),
  ],
  ['depthToSpace', (y) => tf.depthToSpace(tf.concat([y, y, y, y], 3) as tf.Tensor4D, 2)],
];

/** Those of which tfjs has no gradient. */
const withoutGradient = new Set(['stridedSlice', 'reflect', 'symmetric', 'depthToSpace']);

describe('operations that move elements', () => {
  it.each(rearrangements)('%s, of any layout, with its gradient', (name, rearrange) =>
    expectSameOnBoth(
      () => ({
        plain: rearrange(numbers([2, 4, 6, 5])),
        convolved: rearrange(convolve(input())),
        again: convolve(tf.reshape(tf.slice(tf.reshape(rearrange(convolve(input())), [-1]), [0], [30]), [1, 2, 5, 3])),
        ...(withoutGradient.has(name) ? {} : withGradients((x) => rearrange(convolve(x)), [input()])),
      }),
      { fallbacks: name === 'depthToSpace' },
    ),
  );

  it('slices and pads by anything', () => {
    const range = (size: number) =>
      fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 1, max: size })).map(([start, length]) => ({
        start,
        length: Math.min(length, size - start),
      }));
    const pair = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
    return fc.assert(
      fc.asyncProperty(
        fc.tuple(range(2), range(4), range(6), range(5)),
        fc.tuple(pair, pair, pair, pair),
        async (cut, pads) =>
          expectSameOnBoth(() =>
            withGradients(
              (x) => {
                const part = tf.slice(
                  convolve(x),
                  cut.map(({ start }) => start),
                  cut.map(({ length }) => length),
                );
                return tf.pad(part, pads, -1);
              },
              [input()],
            ),
          ),
      ),
      { seed: 1, numRuns: 15 },
    );
  });

  it('one-hot, gatherND, segments', () =>
    expectSameOnBoth(() => ({
      oneHot: tf.oneHot(tf.tensor1d([0, 2, 5, -1], 'int32'), 4),
      smooth: tf.oneHot(tf.tensor2d([0, 2, 1, 1], [2, 2], 'int32'), 3, 0.9, 0.05, 'float32'),
      gatherNd: tf.gatherND(numbers([3, 4]), tf.tensor2d([0, 1, 2, 3], [2, 2], 'int32')),
      segments: tf.unsortedSegmentSum(numbers([4, 3]), tf.tensor1d([1, 0, 1, -1], 'int32'), 3),
      diagonal: tf.eye(3),
    })));

  it('embedding lookups have gradients', () =>
    expectSameOnBoth(() =>
      withGradients((table) => tf.gather(table, tf.tensor1d([2, 0, 2], 'int32')), [numbers([4, 3])]),
    ));

  it('crops and resizes', () =>
    expectSameOnBoth(() => {
      const boxes = tf.tensor2d([0, 0, 1, 1, 0.1, 0.7, 0.8, 0.2, -0.5, 0, 1.5, 0.5, 0.2, 0.2, 0.2, 0.9], [4, 4]);
      const picture = numbers<tf.Rank.R4>([2, 5, 7, 3]);
      const which = tf.tensor1d([0, 1, 1, 0], 'int32');
      return {
        bilinear: tf.image.cropAndResize(picture, boxes, which, [4, 3], 'bilinear', 0.5),
        nearest: tf.image.cropAndResize(picture, boxes, which, [4, 3], 'nearest'),
        single: tf.image.cropAndResize(picture, boxes, which, [1, 1]),
        flipped: tf.image.flipLeftRight(picture),
      };
    }));

  it('values without elements', () =>
    expectSameOnBoth(
      () => ({
        concat: tf.concat([tf.zeros([0, 3]), numbers([2, 3])], 0),
        sum: tf.sum(tf.zeros([0, 3]), 0),
        slice: tf.slice(numbers([3, 3]), [1, 0], [0, 3]),
        product: tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])),
        add: tf.add(tf.zeros([0]), 1),
      }),
      { fallbacks: true },
    ));
});
