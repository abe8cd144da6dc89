import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, expectSameOnBoth, numbers, runOn, withGradients } from '../testing/both-backends.js';

type Pool = (
  x: tf.Tensor4D,
  size: [number, number],
  strides: number,
  pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding,
  rounding?: 'floor' | 'round' | 'ceil',
) => tf.Tensor4D;

const pools: [string, Pool][] = [
  ['maxPool', tf.maxPool],
  ['avgPool', tf.avgPool],
];

const around = (rows: [number, number], columns: [number, number]): tf.backend_util.ExplicitPadding => [
  [0, 0],
  rows,
  columns,
  [0, 0],
];

describe.each(pools)('%s', (_, pool) => {
  it('and its gradient are those of tfjs', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          batch: fc.integer({ min: 1, max: 2 }),
          height: fc.integer({ min: 5, max: 9 }),
          width: fc.integer({ min: 5, max: 9 }),
          channels: fc.constantFrom(1, 3, 16),
          size: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
          strides: fc.integer({ min: 1, max: 3 }),
          pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
        }),
        async ({ batch, height, width, channels, size, strides, pad }) =>
          expectSameOnBoth(() =>
            withGradients(
              (x) => pool(x as tf.Tensor4D, size, strides, pad),
              [numbers([batch, height, width, channels])],
            ),
          ),
      ),
      { seed: 1, numRuns: 25 },
    ));

  it.each([0, 1])('pads by the number %d', (pad) =>
    expectSameOnBoth(() =>
      withGradients((x) => pool(x as tf.Tensor4D, [3, 3], 2, pad, 'floor'), [numbers([2, 8, 7, 3])]),
    ),
  );

  // tfjs's own gradients forget the rounding mode: the same pooling is written with a padding.
  it.each([0, 1])('rounds its size up, around a padding of %d', async (pad) => {
    const gradients = (f: (x: tf.Tensor) => tf.Tensor) => withGradients(f, [numbers([2, 8, 6, 3])]);
    const actual = await runOn('onnx', () => gradients((x) => pool(x as tf.Tensor4D, [3, 3], 2, pad, 'ceil')));
    const expected = await runOn('cpu', () =>
      gradients((x) => {
        const sides: [number, number] = [pad, pad + 1];
        const padded = tf.pad(x as tf.Tensor4D, around(sides, sides), pool === tf.maxPool ? -Infinity : 0);
        return pool(padded, [3, 3], 2, 'valid');
      }),
    );
    const output = await runOn('cpu', () => ({ y: pool(numbers([2, 8, 6, 3]), [3, 3], 2, pad, 'ceil') }));
    expect(difference(actual.get('y')?.values ?? [], output.get('y')?.values ?? [])).toBeNull();
    const gradient = 'gradient of input 0';
    expect(difference(actual.get(gradient)?.values ?? [], expected.get(gradient)?.values ?? [])).toBeNull();
  });

  it('pads sides differently', () =>
    expectSameOnBoth(() => ({ y: pool(numbers([2, 6, 7, 3]), [3, 3], 2, around([1, 0], [0, 2]), 'floor') })));

  it('pads by as much as the window, or more', () =>
    expectSameOnBoth(() => ({ y: pool(numbers([1, 6, 6, 2]), [2, 2], 1, 2, 'floor') }), { fallbacks: true }));

  it('takes whole pictures', () =>
    expectSameOnBoth(() => withGradients((x) => pool(x as tf.Tensor4D, [5, 6], 1, 'valid'), [numbers([2, 5, 6, 4])])));

  it('comes after a convolution and before one', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter) => {
          const y = pool(tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')), [2, 2], 2, 'valid');
          return tf.conv2d(y, filter as tf.Tensor4D, 1, 'same');
        },
        [numbers([2, 8, 8, 4], 1), numbers([3, 3, 4, 4], 2)],
      ),
    ));
});

describe('max pooling', () => {
  it('gives the gradient of equal values to the first', () =>
    expectSameOnBoth(() => {
      const ties = tf.round(tf.mul(numbers([2, 6, 6, 3]), 1.4));
      return withGradients((x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'), [ties]);
    }));

  it('gives the gradient of equal values in overlapping windows to the first of each', () =>
    expectSameOnBoth(() => withGradients((x) => tf.maxPool(x as tf.Tensor4D, 3, 1, 'valid'), [tf.ones([1, 5, 5, 2])])));

  // Whole blocks of channels: the gradient is computed from columns and rows, without indices.
  it.each([16, 48])('3x3 of %d channels, with many equal values', (channels) =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          height: fc.integer({ min: 3, max: 9 }),
          width: fc.integer({ min: 3, max: 9 }),
          stride: fc.constantFrom(1, 2),
          pad: fc.oneof(
            fc.constantFrom<'same' | 'valid'>('same', 'valid'),
            fc
              .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }))
              .map(([before, after]) => around([before, after], [after, before])),
          ),
          less: fc.constantFrom(-3, 0, 3),
          isRectified: fc.boolean(),
        }),
        async ({ height, width, stride, pad, less, isRectified }) =>
          expectSameOnBoth(() => {
            const x = tf.sub(tf.round(tf.mul(numbers([2, height, width, channels]), 2)), less);
            const pooled = (given: tf.Tensor) => {
              // Computed in the graph: what is given keeps indices. Of less than 0, what convolutions pad with is more.
              const map = isRectified ? tf.relu(given) : tf.mul(given, 0.5);
              return tf.maxPool(map as tf.Tensor4D, 3, stride, pad, typeof pad === 'string' ? undefined : 'floor');
            };
            return withGradients(pooled, [x]);
          }),
      ),
      { numRuns: 25 },
    ),
  );

  it('3x3 of whole blocks of channels with infinite values among those given', () =>
    expectSameOnBoth(() => {
      const values = numbers([2, 7, 7, 16]).dataSync();
      const x = tf.tensor(
        Array.from(values, (value) => (value < 0 ? Number.NEGATIVE_INFINITY : value)),
        [2, 7, 7, 16],
      );
      return withGradients((map) => tf.maximum(tf.maxPool(map as tf.Tensor4D, 3, 2, 'valid'), -1e3), [x]);
    }));

  it('3x3 with an infinite padding around whole blocks of channels', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x) => {
          const padded = tf.pad(x as tf.Tensor4D, around([3, 3], [1, 1]), -Infinity);
          return tf.maximum(tf.maxPool(padded, 3, 2, 'valid'), -1e3);
        },
        [numbers([2, 6, 6, 16])],
      ),
    ));

  it.each<[string, [number, number], [number, number]]>([
    ['symmetric', [1, 1], [1, 1]],
    ['at the end', [0, 1], [0, 1]],
    ['as large as the window', [3, 3], [1, 1]],
  ])('takes a padding with -Infinity in front as its own: %s', (_, rows, columns) =>
    expectSameOnBoth(() => {
      const x = tf.relu(numbers([2, 6, 6, 3]));
      return withGradients(
        (input) => {
          const padded = tf.pad(input as tf.Tensor4D, [[0, 0], rows, columns, [0, 0]], -Infinity);
          return tf.maximum(tf.maxPool(padded, 3, 2, 'valid'), -1e3);
        },
        [x],
      );
    }),
  );

  it('leaves a padding with zeros as it is', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x) => {
          const padded = tf.pad(x as tf.Tensor4D, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]);
          return tf.maxPool(padded, 3, 2, 'valid');
        },
        [tf.sub(numbers([1, 6, 6, 2]), 2)],
      ),
    ));

  it('says where the largest values are', () =>
    expectSameOnBoth(
      () => {
        const x = numbers<tf.Rank.R4>([1, 6, 6, 2]);
        return tf.maxPoolWithArgmax(x, 2, 2, 'valid') as { result: tf.Tensor; indexes: tf.Tensor };
      },
      { fallbacks: true },
    ));
});

// Nothing else needs the padded map, so that onnxruntime might make it a part of the pooling.
// Many windows of nothing but zeros: their first maximum is in the padding.
it.each([0.2, 1])('zeros around what ReLU has made of less %d', (less) =>
  expectSameOnBoth(() => {
    const relu = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.relu(tf.sub(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), less)) as tf.Tensor4D;
    const pooled = (y: tf.Tensor4D) => tf.maxPool(tf.pad(y, around([1, 1], [1, 1])), 3, 2, 'valid');
    const inputs = [numbers([2, 9, 8, 3], 1), numbers([3, 3, 3, 5], 2)];
    const [x, filter] = inputs as [tf.Tensor, tf.Tensor];
    return {
      ...withGradients((x, filter) => pooled(relu(x, filter)), inputs),
      // Asked for by itself, the gradient has to be tfjs's at these pixels, too.
      ofRelu: tf.grad((y: tf.Tensor) => pooled(y as tf.Tensor4D))(relu(x, filter)),
    };
  }),
);

it('zeros around the input of max pooling win over what is less', () =>
  expectSameOnBoth(() => ({
    y: tf.tidy(() => {
      const x: tf.Tensor4D = tf.conv2d(
        numbers<tf.Rank.R4>([1, 8, 8, 3], 1),
        numbers<tf.Rank.R4>([1, 1, 3, 16], 2),
        1,
        'valid',
      );
      return tf.maxPool(tf.pad(tf.sub(x, 9) as tf.Tensor4D, around([1, 1], [1, 1])), 3, 2, 'valid');
    }),
  })));
