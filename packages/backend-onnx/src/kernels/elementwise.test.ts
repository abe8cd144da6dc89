import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, expectSameOnBoth, numbers, runOn, withGradients } from '../testing/both-backends.js';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** [2, 3, 4, 5], stored channels first by the convolution that made it. */
const convolved = () =>
  tf.conv2d(numbers<tf.Rank.R4>([2, 3, 4, 3], 1), numbers<tf.Rank.R4>([3, 3, 3, 5], 2), 1, 'same');

const unary: [string, Unary][] = [
  ['abs', tf.abs],
  ['acosh', (x) => tf.acosh(tf.add(tf.abs(x), 1.1))],
  ['asin', (x) => tf.asin(tf.clipByValue(x, -0.99, 0.99))],
  ['acos', (x) => tf.acos(tf.clipByValue(x, -0.99, 0.99))],
  ['asinh', tf.asinh],
  ['atan', tf.atan],
  ['atanh', (x) => tf.atanh(tf.clipByValue(x, -0.9, 0.9))],
  ['ceil', tf.ceil],
  ['clipByValue', (x) => tf.clipByValue(x, -0.3, 0.4)],
  ['cos', tf.cos],
  ['cosh', tf.cosh],
  ['elu', tf.elu],
  ['erf', tf.erf],
  ['exp', tf.exp],
  ['expm1', tf.expm1],
  ['floor', tf.floor],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.3)],
  ['log', (x) => tf.log(tf.add(tf.abs(x), 0.1))],
  ['log1p', (x) => tf.log1p(tf.abs(x))],
  ['logSigmoid', tf.logSigmoid],
  ['neg', tf.neg],
  ['prelu', (x) => tf.prelu(x, tf.scalar(0.2))],
  ['reciprocal', (x) => tf.reciprocal(tf.add(tf.abs(x), 0.1))],
  ['relu', tf.relu],
  ['relu6', (x) => tf.relu6(tf.mul(x, 10))],
  ['round', tf.round],
  ['rsqrt', (x) => tf.rsqrt(tf.add(tf.abs(x), 0.1))],
  ['selu', tf.selu],
  ['sigmoid', tf.sigmoid],
  ['sign', tf.sign],
  ['sin', tf.sin],
  ['sinh', tf.sinh],
  ['softplus', tf.softplus],
  ['sqrt', (x) => tf.sqrt(tf.abs(x))],
  ['square', tf.square],
  ['step', tf.step],
  ['tanh', tf.tanh],
];

/** tfjs has gradients of some for equal shapes only. */
const broadcastingGradients = new Set(['add', 'sub', 'mul', 'div', 'pow']);

const binary: [string, Binary][] = [
  ['add', tf.add],
  ['sub', tf.sub],
  ['mul', tf.mul],
  ['div', (a, b) => tf.div(a, tf.add(tf.abs(b), 0.2))],
  ['maximum', tf.maximum],
  ['minimum', tf.minimum],
  ['squaredDifference', tf.squaredDifference],
  ['pow', (a, b) => tf.pow(tf.add(tf.abs(a), 0.2), b)],
];

describe('unary operations', () => {
  it.each(unary)('%s and its gradient', (_, f) =>
    expectSameOnBoth(() => withGradients((x) => f(x), [tf.mul(numbers([3, 40]), 3)])),
  );

  it('keep what is special about float32', () =>
    expectSameOnBoth(() => {
      const x = tf.tensor1d([0, -0, 1e-8, -1e-8, 1e-4, -1e-3, 0.5, 40, -40, -100, Infinity, -Infinity, Number.NaN]);
      return {
        expm1: tf.expm1(x),
        log1p: tf.log1p(tf.maximum(x, -1)),
        softplus: tf.softplus(x),
        sign: tf.sign(x),
        isNaN: tf.isNaN(x),
        isInf: tf.isInf(x),
        isFinite: tf.isFinite(x),
        relu: tf.relu(x),
        step: tf.step(x, 0.5),
      };
    }));
});

const operand = fc.constantFrom<number[]>(
  [],
  [1],
  [5],
  [4, 1],
  [4, 5],
  [3, 1, 1],
  [3, 4, 5],
  [1, 1, 1, 5],
  [2, 3, 4, 1],
  [2, 1, 1, 5],
  [2, 3, 4, 5],
);

describe('binary operations', () => {
  it.each(binary)('%s and its gradients against the layout of a convolution, any ranks', (name, f) =>
    fc.assert(
      fc.asyncProperty(operand, fc.boolean(), async (shape, first) =>
        expectSameOnBoth(() => {
          const combine = (x: tf.Tensor, other: tf.Tensor) => {
            const y = tf.conv2d(x as tf.Tensor4D, numbers([3, 3, 3, 5], 2), 1, 'same');
            return first ? f(y, other) : f(other, y);
          };
          const operands = [numbers([2, 3, 4, 3], 1), numbers(shape, 4)] as [tf.Tensor, tf.Tensor];
          const differentiable = broadcastingGradients.has(name) || shape.join() === '2,3,4,5';
          return differentiable ? withGradients(combine, operands) : { y: combine(...operands) };
        }),
      ),
      { seed: 1, numRuns: 11 },
    ),
  );

  it.each(binary)('%s of plain operands of any ranks', (_, f) =>
    fc.assert(
      fc.asyncProperty(operand, operand, async (a, b) =>
        expectSameOnBoth(() => ({ y: f(numbers(a, 1), numbers(b, 2)) })),
      ),
      { seed: 2, numRuns: 11 },
    ),
  );

  it('of a convolution with a filter-shaped value of another layout', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter) => {
          const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
          return tf.add(tf.mul(y, filter as tf.Tensor4D), tf.sum(tf.square(filter as tf.Tensor4D)));
        },
        [numbers([3, 3, 4, 4], 1), numbers([3, 3, 4, 4], 2)],
      ),
    ));

  it('compares, chooses and combines truth values in any layout', () =>
    expectSameOnBoth(() => {
      const [y, z] = [convolved(), numbers([2, 3, 4, 5], 3)];
      const [a, b] = [tf.greater(y, z), tf.lessEqual(y, 0.1)];
      return {
        a,
        b,
        and: tf.logicalAnd(a, b),
        or: tf.logicalOr(a, b),
        xor: tf.logicalXor(a, b),
        not: tf.logicalNot(a),
        equal: tf.equal(a, b),
        notEqual: tf.notEqual(y, z),
        less: tf.less(y, z),
        greaterEqual: tf.greaterEqual(y, z),
        where: tf.where(a, y, z),
        addN: tf.addN([y, z as tf.Tensor4D, y]),
      };
    }));

  it('chooses rows by a condition of rank 1', async () => {
    const results = await runOn('onnx', () => {
      const condition = tf.tensor1d([1, 0], 'bool');
      const y = tf.engine().runKernel<tf.Tensor>('Select', { condition, t: convolved(), e: tf.zeros([2, 3, 4, 5]) });
      return { y, expected: tf.mul(convolved(), tf.tensor4d([1, 0], [2, 1, 1, 1])) };
    });
    expect(difference(results.get('y')?.values ?? [], results.get('expected')?.values ?? [])).toBeNull();
  });

  it('integers', () =>
    expectSameOnBoth(() => {
      const a = tf.tensor1d([7, -7, 7, -7, 0, 5, 2_000_000_001, -1], 'int32');
      const b = tf.tensor1d([2, 2, -2, -2, 3, 0, 2, 3], 'int32');
      return {
        add: tf.add(a, b),
        sub: tf.sub(a, b),
        mul: tf.mul(a, b),
        floorDiv: tf.floorDiv(a, b),
        div: tf.div(a, b),
        pow: tf.pow(tf.minimum(a, 100), tf.abs(b)),
        inverse: tf.pow(tf.tensor1d([1, 2, -1, -3], 'int32'), tf.tensor1d([-1, -1, -3, 3], 'int32')),
        maximum: tf.maximum(a, b),
        squared: tf.squaredDifference(tf.minimum(a, 1000), b),
        abs: tf.abs(a),
        neg: tf.neg(a),
        clip: tf.clipByValue(a, -2, 5),
        float: tf.cast(a, 'float32'),
        truth: tf.cast(a, 'bool'),
      };
    }));

  it('floats: remainder, quotient rounded down, casts', () =>
    expectSameOnBoth(
      () => {
        const [a, b] = [tf.tensor1d([7.5, -7.5, 7.5, -7.5, 0.2, 1e9]), tf.tensor1d([2, 2, -2, -2, 0.3, 3])];
        return {
          mod: tf.mod(a, b),
          floorDiv: tf.floorDiv(a, b),
          int: tf.cast(a, 'int32'),
          atan2: tf.atan2(a, b),
        };
      },
      { fallbacks: true },
    ));
});
