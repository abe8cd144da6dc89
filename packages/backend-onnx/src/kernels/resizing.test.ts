import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, expectSameOnBoth, numbers, runOn, withGradients } from '../testing/both-backends.js';

const extent = fc.integer({ min: 1, max: 9 });

type Resize = (
  images: tf.Tensor4D,
  size: [number, number],
  alignCorners?: boolean,
  halfPixelCenters?: boolean,
) => tf.Tensor4D;

const methods: [string, Resize][] = [
  ['resizeBilinear', tf.image.resizeBilinear],
  ['resizeNearestNeighbor', tf.image.resizeNearestNeighbor],
];

/** Resizing is linear, so its gradient is known from what it does to each single pixel. tfjs's own has mistakes where sides differ. */
function gradientByPixels(resize: Resize, [h, w]: [number, number], size: [number, number], align: boolean): tf.Tensor {
  const pixels = tf.reshape(tf.eye(h * w), [h * w, h, w, 1]) as tf.Tensor4D;
  const responses = tf.reshape(resize(pixels, size, align), [h * w, size[0] * size[1]]);
  const dy = tf.reshape(numbers([1, ...size, 1], 77), [size[0] * size[1], 1]);
  return tf.reshape(tf.matMul(responses, dy), [1, h, w, 1]);
}

describe.each(methods)('%s', (_, resize) => {
  it('is that of tfjs', () =>
    fc.assert(
      fc.asyncProperty(extent, extent, extent, extent, fc.boolean(), fc.boolean(), async (h, w, height, width, a, b) =>
        expectSameOnBoth(() => ({ y: resize(numbers([2, h, w, 3]), [height, width], a, b && !a) })),
      ),
      { seed: 1, numRuns: 20 },
    ));

  it('has its gradient', () =>
    fc.assert(
      fc.asyncProperty(extent, extent, extent, extent, fc.boolean(), async (h, w, height, width, align) => {
        const expected = await runOn('cpu', () => ({ dx: gradientByPixels(resize, [h, w], [height, width], align) }));
        const actual = await runOn('onnx', () =>
          withGradients((x) => resize(x as tf.Tensor4D, [height, width], align), [numbers([1, h, w, 1])]),
        );
        expect(
          difference(actual.get('gradient of input 0')?.values ?? [], expected.get('dx')?.values ?? []),
        ).toBeNull();
      }),
      { seed: 2, numRuns: 15 },
    ));

  it('of integers', () =>
    expectSameOnBoth(() => ({ y: resize(tf.cast(tf.mul(numbers([1, 4, 5, 3]), 100), 'int32'), [7, 3]) }), {
      fallbacks: true,
    }));
});
