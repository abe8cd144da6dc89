import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  expectSameOnBoth,
  numbers,
  randomValues,
  runOn,
  withGradients,
} from '../../testing/both-backends.js';
import { referenceConvolution } from '../../testing/reference-convolution.js';

type Four = [number, number, number, number];
type Padding = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

interface Convolution {
  readonly x: Four;
  readonly filter: Four;
  readonly strides?: number | [number, number];
  readonly pad?: Padding;
  readonly rounding?: 'floor' | 'round' | 'ceil';
}

function convolve({ x, filter, strides = 1, pad = 'same' }: Convolution) {
  return () =>
    withGradients(
      (input, weights) => tf.conv2d(input as tf.Tensor4D, weights as tf.Tensor4D, strides, pad),
      [numbers(x, 1), numbers(filter, 2)],
    );
}

/** Output and gradients against the definition, which is what the larger cases have time for. */
async function expectByDefinition({ x, filter, strides = 1, pad = 'same', rounding }: Convolution): Promise<void> {
  const info = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, rounding);
  const [pixels, weights, dy] = [x, filter, info.outShape].map((shape, i) =>
    randomValues(tf.util.sizeFromShape(shape), i + 1),
  ) as [Float32Array, Float32Array, Float32Array];
  const expected = referenceConvolution(info, pixels, weights, dy);
  const actual = await runOn('onnx', () => {
    const inputs = [tf.tensor(pixels, x), tf.tensor(weights, filter)] as [tf.Tensor4D, tf.Tensor4D];
    const convolution = (input: tf.Tensor, kernel: tf.Tensor) =>
      tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor4D, strides, pad, 'NHWC', 1, rounding);
    const [dx, dFilter] = tf.grads(convolution)(inputs, tf.tensor(dy, info.outShape)) as [tf.Tensor, tf.Tensor];
    return { y: convolution(...inputs), dx, dFilter };
  });
  for (const name of ['y', 'dx', 'dFilter'] as const)
    expect(difference(actual.get(name)?.values ?? [], expected[name]), name).toBeNull();
}

const side = fc.integer({ min: 0, max: 3 });
const padding: fc.Arbitrary<Padding> = fc.oneof(
  fc.constantFrom<Padding>('same', 'valid'),
  side,
  fc.tuple(side, side, side, side).map(
    ([top, bottom, left, right]): Padding => [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
  ),
);
const stride = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
const picture = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 5, max: 11 }),
  width: fc.integer({ min: 5, max: 11 }),
  inputs: fc.constantFrom(1, 2, 3, 16, 17, 20),
  outputs: fc.constantFrom(1, 2, 5, 16),
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
});

/**
 * tfjs computes the width by the height's kernel and stride where padding is a number; what ONNX cannot express of that is left to
 * tfjs's cpu kernels.
 */
const mayFallBack = (pad: Padding, kernel: readonly number[], steps: readonly number[]) =>
  typeof pad === 'number' && (kernel[0] !== kernel[1] || steps[0] !== steps[1]);

describe('convolution, forward and both gradients', () => {
  it('is that of tfjs for random sizes, strides and paddings', () =>
    fc.assert(
      fc.asyncProperty(
        picture,
        stride,
        padding,
        async ({ batch, height, width, inputs, outputs, kernel }, strides, pad) =>
          expectSameOnBoth(
            convolve({ x: [batch, height, width, inputs], filter: [...kernel, inputs, outputs], strides, pad }),
            { fallbacks: mayFallBack(pad, kernel, strides) },
          ),
      ),
      { seed: 1, numRuns: 40 },
    ));

  // Forms are chosen by shape: a case for each, named after what triggers it.
  it.each<[string, Convolution]>([
    ['blocked, many positions, channels in multiples of 16', { x: [1, 32, 32, 16], filter: [3, 3, 16, 32] }],
    ['blocked at stride 2', { x: [1, 64, 64, 16], filter: [3, 3, 16, 16], strides: 2 }],
    [
      'blocked with asymmetric padding',
      {
        x: [1, 33, 33, 16],
        filter: [2, 3, 16, 16],
        pad: [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ],
      },
    ],
    ['blocked from few channels', { x: [1, 36, 36, 3], filter: [3, 3, 3, 32] }],
    ['blocks filled up, as LeNet-5 has them', { x: [12, 14, 14, 6], filter: [5, 5, 6, 16], pad: 'valid' }],
    ['blocks filled up on both sides', { x: [2, 24, 24, 24], filter: [5, 5, 24, 44] }],
    [
      'blocks filled up from a number of channels that is no multiple of 4',
      { x: [1, 33, 33, 30], filter: [3, 3, 30, 46] },
    ],
    ['stem 7x7 at stride 2 from three channels', { x: [1, 64, 64, 3], filter: [7, 7, 3, 32], strides: 2, pad: 3 }],
    ['pointwise', { x: [2, 12, 12, 16], filter: [1, 1, 16, 32] }],
    ['pointwise at stride 2', { x: [2, 13, 13, 32], filter: [1, 1, 32, 16], strides: 2 }],
    ['pointwise with more weights than positions', { x: [2, 3, 3, 48], filter: [1, 1, 48, 64] }],
    [
      'pointwise with more weights than positions at stride 2',
      { x: [2, 6, 6, 48], filter: [1, 1, 48, 64], strides: 2 },
    ],
    ['pointwise with padding', { x: [1, 5, 5, 20], filter: [1, 1, 20, 6], pad: 1 }],
    ['few positions, blocked filter gradient', { x: [4, 7, 7, 32], filter: [3, 3, 32, 32] }],
    ['few positions, blocked filter gradient, whole blocks of pictures', { x: [16, 6, 6, 32], filter: [3, 3, 32, 16] }],
    ['few positions, blocked filter gradient at stride 2', { x: [2, 11, 11, 32], filter: [3, 3, 32, 16], strides: 2 }],
    [
      'few positions, pixels at the end unread',
      { x: [2, 14, 14, 32], filter: [3, 3, 32, 16], strides: 2, pad: 'valid' },
    ],
    ['few positions, batch that is no block', { x: [18, 6, 6, 32], filter: [3, 3, 32, 16] }],
    ['one product for the whole batch', { x: [2, 4, 4, 17], filter: [3, 3, 17, 10] }],
    ['larger than the pictures', { x: [2, 4, 4, 40], filter: [3, 3, 40, 10] }],
    ['larger than the pictures at stride 2', { x: [3, 9, 8, 40], filter: [3, 3, 40, 10], strides: 2 }],
    [
      'larger than the pictures, pixels at the end unread',
      { x: [2, 10, 10, 32], filter: [3, 3, 32, 16], strides: 2, pad: 'valid' },
    ],
    [
      'larger than the pictures, strides beyond its kernel',
      { x: [2, 9, 9, 64], filter: [2, 2, 64, 8], strides: [4, 3] },
    ],
    ['larger than the pictures, more of them', { x: [70, 4, 4, 32], filter: [3, 3, 32, 48] }],
    ['larger than the pictures, more of them at stride 2', { x: [70, 7, 7, 32], filter: [3, 3, 32, 16], strides: 2 }],
    [
      'larger than the pictures, more of them, channels that are no blocks',
      { x: [70, 4, 4, 30], filter: [3, 3, 30, 8] },
    ],
    ['a product for each picture', { x: [2, 16, 16, 20], filter: [3, 3, 20, 4] }],
    ['a product for each picture at stride 2', { x: [2, 31, 31, 20], filter: [3, 3, 20, 4], strides: [2, 1] }],
    ['columns by rows of few channels', { x: [2, 9, 9, 6], filter: [5, 5, 6, 8], pad: 'valid' }],
    ['transposed convolution, more weights than positions', { x: [1, 4, 4, 20], filter: [3, 3, 20, 40] }],
    ['kernel as large as the picture', { x: [2, 5, 5, 16], filter: [5, 5, 16, 24], pad: 'valid' }],
    ['kernel of one row', { x: [1, 12, 12, 32], filter: [1, 7, 32, 32] }],
    ['kernel of one column', { x: [1, 34, 34, 16], filter: [7, 1, 16, 16] }],
    ['padding larger than the kernel', { x: [1, 4, 4, 2], filter: [2, 2, 2, 3], pad: 4 }],
    ['size rounded up', { x: [2, 8, 6, 3], filter: [3, 3, 3, 4], strides: 2, pad: 0, rounding: 'ceil' }],
    ['size rounded down', { x: [2, 8, 6, 20], filter: [3, 3, 20, 4], strides: 2, pad: 0, rounding: 'floor' }],
    ['one position', { x: [3, 1, 1, 8], filter: [1, 1, 8, 4] }],
  ])('%s', (_, convolution) => expectByDefinition(convolution));

  it.each<[string, Convolution]>([
    ['columns', { x: [3, 247, 247, 17], filter: [5, 5, 17, 1], strides: 2, pad: 'valid' }],
    ['shifted copies', { x: [3, 224, 224, 32], filter: [1, 5, 32, 1], pad: 'valid' }],
    ['columns of a large filter', { x: [40, 8, 8, 800], filter: [3, 3, 800, 1] }],
  ])('takes more %s than fit at a time in turns', (_, convolution) => expectByDefinition(convolution));

  it('is dilated', () =>
    fc.assert(
      fc.asyncProperty(
        picture,
        stride,
        padding,
        async ({ batch, height, width, inputs, outputs, kernel }, dilations, pad) => {
          const filter: Four = [Math.min(kernel[0], 3), Math.min(kernel[1], 3), inputs, outputs];
          const extents = dilations.map((dilation, axis) => dilation * ((filter[axis] ?? 1) - 1));
          await expectSameOnBoth(
            () => ({
              y: tf.conv2d(
                numbers<tf.Rank.R4>([batch, height + 6, width + 6, inputs], 1),
                numbers<tf.Rank.R4>(filter, 2),
                1,
                pad,
                'NHWC',
                dilations,
              ),
            }),
            { fallbacks: mayFallBack(pad, extents, [1, 1]) },
          );
        },
      ),
      { seed: 2, numRuns: 15 },
    ));

  it('reads and differentiates channels first', () =>
    expectSameOnBoth(
      () =>
        withGradients(
          (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same', 'NCHW'),
          [numbers([2, 3, 6, 5], 1), numbers([3, 3, 3, 4], 2)],
        ),
      { fallbacks: true },
    ));
});

describe('padding before a convolution', () => {
  const sides = fc.tuple(side, side);
  it.each([1, 2])('folds, with its gradients, at stride %d', (strides) =>
    fc.assert(
      fc.asyncProperty(
        sides,
        sides,
        fc.constantFrom(3, 18),
        fc.constantFrom(1, 3),
        async (rows, columns, inputs, size) =>
          expectSameOnBoth(() =>
            withGradients(
              (x, filter) =>
                tf.conv2d(
                  tf.pad(x as tf.Tensor4D, [[0, 0], rows, columns, [0, 0]]),
                  filter as tf.Tensor4D,
                  strides,
                  'valid',
                ),
              [numbers([2, 7, 6, inputs], 1), numbers([size, size, inputs, 16], 2)],
            ),
          ),
      ),
      { seed: 3, numRuns: 12 },
    ),
  );

  it('does not fold where it pads with other values, pictures or channels', () =>
    expectSameOnBoth(() => {
      const [x, filter] = [numbers<tf.Rank.R4>([1, 6, 6, 2], 1), numbers<tf.Rank.R4>([3, 3, 2, 4], 2)];
      const wide = numbers<tf.Rank.R4>([3, 3, 3, 4], 3);
      return {
        ones: tf.conv2d(
          tf.pad(
            x,
            [
              [0, 0],
              [1, 1],
              [1, 1],
              [0, 0],
            ],
            1,
          ),
          filter,
          1,
          'valid',
        ),
        pictures: tf.conv2d(
          tf.pad(x, [
            [1, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]),
          filter,
          1,
          'valid',
        ),
        channels: tf.conv2d(
          tf.pad(x, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 1],
          ]),
          wide,
          1,
          'valid',
        ),
      };
    }));

  it('may be read by others, too', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter) => {
          const padded = tf.pad(x as tf.Tensor4D, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]);
          return tf.add(tf.conv2d(padded, filter as tf.Tensor4D, 1, 'same'), tf.sum(padded, 3, true));
        },
        [numbers([2, 5, 6, 3], 1), numbers([3, 3, 3, 4], 2)],
      ),
    ));
});

describe('depthwise convolution', () => {
  it('and its gradients are those of tfjs', () =>
    fc.assert(
      fc.asyncProperty(
        picture,
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1),
        async ({ batch, height, width, inputs, kernel }, strides, multiplier, pad) =>
          expectSameOnBoth(
            () =>
              withGradients(
                (x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad),
                [numbers([batch, height, width, inputs], 1), numbers([...kernel, inputs, multiplier], 2)],
              ),
            { fallbacks: mayFallBack(pad, kernel, [strides, strides]) },
          ),
      ),
      { seed: 4, numRuns: 20 },
    ));

  it('is dilated and separable', () =>
    expectSameOnBoth(() => {
      const x = numbers<tf.Rank.R4>([2, 9, 9, 4], 1);
      const filter = numbers<tf.Rank.R4>([3, 3, 4, 2], 2);
      return {
        dilated: tf.depthwiseConv2d(x, filter, 1, 'same', 'NHWC', 2),
        separable: tf.separableConv2d(x, filter, numbers([1, 1, 8, 5], 3), 2, 'same'),
      };
    }));

  it('folds a padding, with its gradients', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter) =>
          tf.depthwiseConv2d(
            tf.pad(x as tf.Tensor4D, [
              [0, 0],
              [1, 2],
              [0, 1],
              [0, 0],
            ]),
            filter as tf.Tensor4D,
            2,
            'valid',
          ),
        [numbers([2, 7, 6, 5], 1), numbers([3, 3, 5, 2], 2)],
      ),
    ));
});

describe('transposed convolution', () => {
  it('and its gradients are those of tfjs', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom<'same' | 'valid'>('same', 'valid'),
        fc.constantFrom(2, 17),
        async (strides, size, pad, channels) =>
          expectSameOnBoth(() => {
            const out = (extent: number) => (pad === 'same' ? extent * strides : (extent - 1) * strides + size);
            return withGradients(
              (x, filter) =>
                tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, out(4), out(5), 3], strides, pad),
              [numbers([2, 4, 5, channels], 1), numbers([size, size, 3, channels], 2)],
            );
          }),
      ),
      { seed: 5, numRuns: 16 },
    ));
});

describe('fused convolution', () => {
  const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
  it.each(activations)('with bias and %s', (activation) =>
    expectSameOnBoth(() => {
      const options = {
        strides: 1,
        pad: 'same' as const,
        activation,
        leakyreluAlpha: 0.3,
        ...(activation === 'prelu' ? { preluActivationWeights: numbers([4], 4) } : {}),
      };
      return {
        plain: tf.fused.conv2d({
          x: numbers<tf.Rank.R4>([2, 6, 5, 3], 1),
          filter: numbers<tf.Rank.R4>([3, 3, 3, 4], 2),
          bias: numbers([4], 3),
          ...options,
        }),
        depthwise: tf.fused.depthwiseConv2d({
          x: numbers<tf.Rank.R4>([2, 6, 5, 2], 1),
          filter: numbers<tf.Rank.R4>([3, 3, 2, 2], 2),
          bias: numbers([4], 3),
          ...options,
        }),
      };
    }),
  );
});
