/** Functions of one number to float32's last digits, against float64; long sums, and what -Infinity and large means do. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

const sizes = [1e-30, 1e-20, 1e-10, 1e-5, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1, 1.5, 2, 3, 5, 8];
const large = Array.from({ length: 181 }, (_, i) => 10 + i / 2);
const all = [0, ...[...sizes, ...large].flatMap((x) => [x, -x])].map(Math.fround);
const within = (low: number, high: number) => all.filter((x) => x >= low && x <= high);

const logistic = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const scale = 1.0507009873554805;
const scaledAlpha = 1.7580993408473768;

const functions: readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, number[]][] = [
  ['sigmoid', tf.sigmoid, logistic, all],
  ['swish', (x) => tf.mul(x, tf.sigmoid(x)), (x) => x * logistic(x), within(-80, 100)],
  ['log of sigmoid', (x) => tf.log(tf.sigmoid(x)), (x) => Math.log(logistic(x)), within(-80, -1)],
  ['gradient of log of sigmoid', tf.grad((x) => tf.log(tf.sigmoid(x))), (x) => logistic(-x), within(-80, 0)],
  ['gradient of sigmoid', tf.grad((x) => tf.sigmoid(x)), (x) => logistic(x) * logistic(-x), within(-80, 0)],
  [
    'logSigmoid',
    tf.logSigmoid,
    (x) => (x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x))),
    within(-80, 10),
  ],
  ['softplus', tf.softplus, (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))), within(-80, 100)],
  ['gradient of softplus', tf.grad((x) => tf.softplus(x)), logistic, within(-80, 100)],
  ['elu', tf.elu, (x) => (x >= 0 ? x : Math.expm1(x)), all],
  ['selu', tf.selu, (x) => (x >= 0 ? scale * x : scaledAlpha * Math.expm1(x)), all],
  ['exp', tf.exp, Math.exp, within(-80, 80)],
  ['expm1', tf.expm1, Math.expm1, within(-100, 80)],
  ['log', tf.log, Math.log, within(1e-30, 100)],
  ['log1p', tf.log1p, Math.log1p, within(-0.99, 100)],
  ['tanh', tf.tanh, Math.tanh, all],
  ['sinh', tf.sinh, Math.sinh, within(-80, 80)],
  ['cosh', tf.cosh, Math.cosh, within(-80, 80)],
  ['sin', tf.sin, Math.sin, all],
  ['cos', tf.cos, Math.cos, all],
  ['tan', tf.tan, Math.tan, all],
  ['asin', tf.asin, Math.asin, within(-1, 1)],
  ['acos', tf.acos, Math.acos, within(-1, 1)],
  ['atan', tf.atan, Math.atan, all],
  ['asinh', tf.asinh, Math.asinh, all],
  ['acosh', tf.acosh, Math.acosh, within(1, 100)],
  ['atanh', tf.atanh, Math.atanh, within(-0.99, 0.99)],
  ['sqrt', tf.sqrt, Math.sqrt, within(0, 100)],
  ['rsqrt', tf.rsqrt, (x) => 1 / Math.sqrt(x), within(1e-30, 100)],
  ['reciprocal', tf.reciprocal, (x) => 1 / x, within(1e-30, 100)],
];

function ulp(value: number): number {
  return Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(value) || 2 ** -149)) - 23));
}

it.each(functions)('%s is right to 4 units in the last place', (_, apply, reference, xs) => {
  const values = tf.tidy(() => apply(tf.tensor1d(xs)).dataSync());
  const wrong = xs.flatMap((x, i) => {
    const [found, expected] = [values[i] ?? Number.NaN, reference(x)];
    const error = Math.abs(found - expected) / ulp(expected);
    return error <= 4 ? [] : [`f(${x}) is ${found}, expected ${expected}, ${error.toFixed(0)} ulp`];
  });
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
