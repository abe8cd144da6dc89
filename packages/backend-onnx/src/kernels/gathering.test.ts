/** Indices outside a tensor are refused, computed ones too: ONNX would read negative ones from the end. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';

beforeEach(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

/** Indices that are computed in the same graph as what reads them. */
const computed = (ids: number[], shape: number[]) =>
  tf.sub(
    tf.tensor(
      ids.map((id) => id + 1),
      shape,
      'int32',
    ),
    tf.scalar(1, 'int32'),
  );

/** The numbers that a call gives, or null where it throws when it is called or read. */
function valuesOf(call: () => tf.Tensor): number[] | null {
  try {
    return tf.tidy(() => Array.from(call().dataSync()));
  } catch {
    return null;
  }
}

it('tf.gather gives the rows that cpu gives, and throws where it throws, whether indices are known or computed', async () => {
  const cases = fc.sample(
    fc.record({
      ids: fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 4 }),
      axis: fc.integer({ min: 0, max: 2 }),
      dtype: fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const),
    }),
    { numRuns: 60, seed: 7 },
  );
  const results = async (backend: string) => {
    await tf.setBackend(backend);
    return cases.flatMap(({ ids, axis, dtype }) => {
      const x = () =>
        tf.tensor(
          Array.from({ length: 60 }, (_, i) => (dtype === 'bool' ? i % 2 : i)),
          [3, 4, 5],
          dtype,
        );
      return [
        valuesOf(() => tf.gather(x(), tf.tensor1d(ids, 'int32'), axis)),
        valuesOf(() => tf.gather(x(), computed(ids, [ids.length]) as tf.Tensor1D, axis)),
      ];
    });
  };
  const expected = await results('cpu');
  expect(expected.filter((values) => values === null).length).toBeGreaterThan(20);
  expect(expected.filter((values) => values !== null).length).toBeGreaterThan(10);
  expect(await results('onnx')).toEqual(expected);
});

it('names the operation that was given a computed index outside, and computes what does not depend on it', () => {
  tf.tidy(() => {
    const good = tf.add(tf.ones([2]), 1);
    const bad = tf.gather(tf.ones([5, 2]), computed([-1], [1]) as tf.Tensor1D);
    expect(() => bad.dataSync()).toThrow(/GatherV2\(float32\[5,2\], int32\[1\]\)/);
    expect(Array.from(good.dataSync())).toEqual([2, 2]);
  });
});

it('tf.gatherND refuses negative indices', () => {
  for (const ids of [tf.tensor2d([[0, -1]], [1, 2], 'int32'), computed([-2, 0], [1, 2])])
    expect(() => tf.gatherND(tf.ones([2, 3]), ids as tf.Tensor2D).dataSync()).toThrow(/GatherNd/);
  expect(
    Array.from(tf.gatherND(tf.reshape(tf.range(0, 6), [2, 3]), computed([1, 2], [1, 2]) as tf.Tensor2D).dataSync()),
  ).toEqual([5]);
});
