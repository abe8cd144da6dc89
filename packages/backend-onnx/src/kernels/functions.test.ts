/** Functions of one number to float32's last digits, against float64; long sums, and what -Infinity and large means do. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { functions, wrongDigits } from '../testing/float-functions.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

it.each(functions)('%s is right to 4 units in the last place', (_, apply, reference, xs) => {
  const values = tf.tidy(() => apply(tf.tensor1d(xs)).dataSync());
  const wrong = wrongDigits(values, reference, xs);
  expect(wrong.slice(0, 8), `${wrong.length} of ${xs.length}`).toEqual([]);
});

describe('long sums', () => {
  it('of 2^24 ones and more are exact', () => {
    for (const [shape, axis] of [
      [[2 ** 24 + 1000], [0]],
      [
        [2 ** 12 + 1, 2 ** 12, 2],
        [0, 1],
      ],
      [[3, 2 ** 23 + 7], [1]],
    ] as const) {
      tf.tidy(() => {
        const ones = tf.ones([...shape]);
        const count = [...axis].reduce<number>((product, each) => product * (shape[each] ?? 1), 1);
        expect(tf.sum(ones, [...axis]).dataSync()[0], `sum of ${shape}`).toBe(Math.fround(count));
        expect(tf.mean(ones, [...axis]).dataSync()[0], `mean of ${shape}`).toBe(1);
      });
    }
  });

  it('of numbers that differ have the digits of float64', () => {
    tf.tidy(() => {
      const size = 2 ** 22 + 3;
      const values = Float32Array.from({ length: size }, (_, i) => 0.1 + ((i * 7919) % 1009) / 1009);
      const expected = values.reduce((sum, value) => sum + value, 0);
      const sum = tf.sum(tf.tensor1d(values)).dataSync()[0] ?? 0;
      expect(Math.abs(sum - expected) / expected).toBeLessThan(5e-7);
    });
  });
});

it('softmax and log-softmax leave out what is -Infinity', () => {
  tf.tidy(() => {
    const logits = tf.tensor2d([
      [0, -Infinity, 1],
      [-Infinity, 5, -Infinity],
    ]);
    const close = (found: ArrayLike<number>, expected: number[]) =>
      expected.forEach((value, i) => {
        if (Number.isFinite(value)) expect(found[i]).toBeCloseTo(value, 6);
        else expect(found[i]).toBe(value);
      });
    close(tf.softmax(logits).dataSync(), [0.2689414, 0, 0.7310586, 0, 1, 0]);
    close(tf.logSoftmax(logits).dataSync(), [-1.3132617, -Infinity, -0.3132617, -Infinity, 0, -Infinity]);
    const gradient = tf.grad((x) => tf.mul(tf.softmax(x), tf.tensor1d([1, 2, 3])));
    close(gradient(logits).dataSync().slice(3), [0, 0, 0]);
  });
});

it('the variance of numbers far from 0 is theirs', () => {
  tf.tidy(() => {
    for (const mean of [100, 1000, 10_000]) {
      const values = Float32Array.from({ length: 40_000 }, (_, i) => mean + Math.sin(i * 12.9898) * 2);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const expected = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
      const { variance } = tf.moments(tf.tensor4d(values, [4, 100, 100, 1]), [0, 1, 2]);
      expect(variance.dataSync()[0], `mean ${mean}`).toBeCloseTo(expected, 3);
    }
  });
});
