/** Functions of one number with their float64 references and the numbers at which they are compared. */
import * as tf from '@tensorflow/tfjs-core';

const sizes = [1e-30, 1e-20, 1e-10, 1e-5, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1, 1.5, 2, 3, 5, 8];
const large = Array.from({ length: 181 }, (_, i) => 10 + i / 2);
const all = [0, ...[...sizes, ...large].flatMap((x) => [x, -x])].map(Math.fround);
const within = (low: number, high: number) => all.filter((x) => x >= low && x <= high);

const logistic = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const scale = 1.0507009873554805;
const scaledAlpha = 1.7580993408473768;

/** Name, function of tensors, reference, and where. */
export const functions: readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, number[]][] = [
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

/** A float32's unit in the last place. */
function ulp(value: number): number {
  return Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(value) || 2 ** -149)) - 23));
}

/** Where values are more than 4 units in the last place off. */
export function wrongDigits(
  values: ArrayLike<number>,
  reference: (x: number) => number,
  xs: readonly number[],
): string[] {
  return xs.flatMap((x, i) => {
    const [found, expected] = [values[i] ?? Number.NaN, reference(x)];
    const error = Math.abs(found - expected) / ulp(expected);
    return error <= 4 ? [] : [`f(${x}) is ${found}, expected ${expected}, ${error.toFixed(0)} ulp`];
  });
}
