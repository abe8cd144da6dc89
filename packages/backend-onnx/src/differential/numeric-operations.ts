/** Calls that compute element by element, or along axes. */
import type { DataType } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput, sizeOfTerms } from './drawn-case.js';
import { drawShape, type Kind, type Random } from './random.js';

type Unary = (x: tf.Tensor) => tf.Tensor;

const anyKind = (random: Random): Kind => random.pick(['near 0', 'wide', 'special']);

/** @param slopes kinds of values of which the gradient is compared, too: the slope at a jump or a border of the domain is nobody's */
function unary(
  name: string,
  apply: Unary,
  kinds: readonly Kind[],
  dtypes: readonly DataType[],
  slopes: readonly Kind[] = kinds.filter((kind) => kind !== 'special'),
): DrawnOperation {
  return {
    name,
    draw: (random) => {
      const kind = random.pick(kinds);
      const dtype = random.chance(0.75) ? 'float32' : random.pick(dtypes);
      return {
        inputs: [drawInput(random, drawShape(random, 0, 6), dtype, kind)],
        options: { kind },
        apply,
        gradient: slopes.includes(kind),
      };
    },
  };
}

const usual: readonly Kind[] = ['near 0', 'wide', 'special'];
const numbers: readonly DataType[] = ['float32', 'int32'];
const all: readonly DataType[] = ['float32', 'int32', 'bool'];

const unaryCalls: readonly DrawnOperation[] = [
  unary('abs', tf.abs, usual, numbers),
  unary('acos', tf.acos, ['within 1', 'special'], numbers),
  unary('acosh', (x) => tf.acosh(tf.add(tf.abs(x), 1)), usual, numbers),
  unary('asin', tf.asin, ['within 1', 'special'], numbers),
  unary('asinh', tf.asinh, usual, numbers),
  unary('atan', tf.atan, usual, numbers),
  unary('atanh', tf.atanh, ['within 1', 'special'], numbers),
  unary('ceil', tf.ceil, usual, numbers),
  unary('cos', tf.cos, ['near 0', 'wide'], numbers),
  unary('cosh', tf.cosh, ['near 0', 'special'], numbers),
  unary('elu', tf.elu, usual, numbers),
  unary('erf', tf.erf, ['near 0', 'wide'], numbers),
  unary('exp', tf.exp, ['near 0', 'special'], numbers),
  unary('expm1', tf.expm1, ['near 0', 'special'], numbers),
  unary('floor', tf.floor, usual, numbers),
  unary('isFinite', tf.isFinite, usual, all),
  unary('isInf', tf.isInf, usual, all),
  unary('isNaN', tf.isNaN, usual, all),
  unary('log', tf.log, ['positive', 'special'], numbers),
  unary('log1p', tf.log1p, ['positive', 'special'], numbers),
  unary('logSigmoid', tf.logSigmoid, usual, numbers),
  unary('logicalNot', (x) => tf.logicalNot(tf.cast(x, 'bool')), usual, all),
  unary('neg', tf.neg, usual, numbers),
  unary('onesLike', tf.onesLike, usual, all),
  unary('zerosLike', tf.zerosLike, usual, all),
  unary('reciprocal', tf.reciprocal, usual, numbers),
  unary('relu', tf.relu, usual, all),
  unary('relu6', tf.relu6, usual, all),
  unary('round', tf.round, usual, numbers),
  unary('rsqrt', tf.rsqrt, ['positive', 'special'], numbers),
  unary('selu', tf.selu, usual, numbers),
  // Far from 0 it is the rounding of the function that its gradient shows: functions.test.ts looks at it there.
  unary('sigmoid', tf.sigmoid, usual, numbers, ['near 0']),
  unary('sign', tf.sign, usual, numbers),
  unary('sin', tf.sin, ['near 0', 'wide'], numbers),
  unary('sinh', tf.sinh, ['near 0', 'special'], numbers),
  unary('softplus', tf.softplus, usual, numbers),
  unary('sqrt', tf.sqrt, ['positive', 'special'], numbers),
  unary('square', tf.square, usual, numbers),
  unary('tan', tf.tan, ['within 1'], numbers),
  unary('tanh', tf.tanh, usual, numbers, ['near 0']),
  unary('clone', tf.clone, usual, all),
  {
    name: 'step',
    draw: (random) => {
      const alpha = random.pick([0, 0.5, -1]);
      const inputs = [drawInput(random, drawShape(random, 0, 6), random.pick(numbers), anyKind(random))];
      return { inputs, options: { alpha }, apply: (x) => tf.step(x, alpha), gradient: false };
    },
  },
  {
    name: 'leakyRelu',
    draw: (random) => {
      const alpha = random.pick([0, 0.2, 2]);
      const inputs = [drawInput(random, drawShape(random, 0, 6), random.pick(numbers), anyKind(random))];
      return { inputs, options: { alpha }, apply: (x) => tf.leakyRelu(x, alpha), gradient: false };
    },
  },
  {
    name: 'clipByValue',
    draw: (random) => {
      const low = random.pick([-1, 0, -1.5, -Infinity]);
      const high = random.pick([1, 2.5, Infinity]);
      const inputs = [drawInput(random, drawShape(random, 0, 6), random.pick(numbers), anyKind(random))];
      return { inputs, options: { low, high }, apply: (x) => tf.clipByValue(x, low, high), gradient: false };
    },
  },
  {
    name: 'cast',
    draw: (random) => {
      const to = random.pick(['float32', 'int32', 'bool'] as const);
      const inputs = [drawInput(random, drawShape(random, 0, 6), random.pick(all), anyKind(random))];
      return { inputs, options: { to }, apply: (x) => tf.cast(x, to) };
    },
  },
];

/** Two shapes that broadcast to one. */
function broadcasting(random: Random): [number[], number[]] {
  const shape = drawShape(random, 0, 5);
  const reduced = (whole: readonly number[]) => {
    const from = random.chance(0.3) ? random.int(0, whole.length) : 0;
    return whole.slice(from).map((extent) => (random.chance(0.25) ? 1 : extent));
  };
  return random.chance(0.5) ? [shape, reduced(shape)] : [reduced(shape), shape];
}

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

function binary(
  name: string,
  apply: Binary,
  {
    dtypes = numbers,
    kinds = usual,
    mixed = true,
    gradient = true,
  }: { dtypes?: readonly DataType[]; kinds?: readonly Kind[]; mixed?: boolean; gradient?: boolean } = {},
): DrawnOperation {
  return {
    name,
    draw: (random) => {
      const [a, b] = broadcasting(random);
      const first = random.chance(0.6) ? (dtypes[0] ?? 'float32') : random.pick(dtypes);
      const second = mixed && random.chance(0.15) ? random.pick(dtypes) : first;
      const kind = random.pick(kinds);
      return {
        inputs: [drawInput(random, a, first, kind), drawInput(random, b, second, kind)],
        options: { kind },
        apply,
        gradient: gradient && kind !== 'special',
      };
    },
  };
}

const away = (x: tf.Tensor) => tf.where(tf.less(tf.abs(x), 0.1), tf.onesLike(x), x);

const binaryCalls: readonly DrawnOperation[] = [
  binary('add', tf.add, { dtypes: all }),
  binary('sub', tf.sub),
  binary('mul', tf.mul, { dtypes: all }),
  binary('div', tf.div, { kinds: ['positive', 'special'] }),
  binary('divNoNan', tf.divNoNan, { kinds: ['positive'], mixed: false }),
  binary('floorDiv', (a, b) => tf.floorDiv(a, away(b)), { kinds: ['positive', 'near 0'], gradient: false }),
  binary('maximum', tf.maximum),
  binary('minimum', tf.minimum),
  binary('mod', (a, b) => tf.mod(a, away(b)), { kinds: ['positive', 'near 0'], gradient: false }),
  binary('pow', tf.pow, { kinds: ['positive'] }),
  binary('atan2', tf.atan2, { kinds: ['near 0', 'special'] }),
  binary('squaredDifference', tf.squaredDifference),
  binary('equal', tf.equal, { dtypes: all, gradient: false }),
  binary('notEqual', tf.notEqual, { dtypes: all, gradient: false }),
  binary('greater', tf.greater, { dtypes: all, gradient: false }),
  binary('greaterEqual', tf.greaterEqual, { dtypes: all, gradient: false }),
  binary('less', tf.less, { dtypes: all, gradient: false }),
  binary('lessEqual', tf.lessEqual, { dtypes: all, gradient: false }),
  binary('logicalAnd', tf.logicalAnd, { dtypes: ['bool'], gradient: false }),
  binary('logicalOr', tf.logicalOr, { dtypes: ['bool'], gradient: false }),
  binary('logicalXor', tf.logicalXor, { dtypes: ['bool'], gradient: false }),
  binary('prelu', tf.prelu, { dtypes: ['float32'], kinds: ['near 0', 'wide'] }),
  {
    name: 'where',
    draw: (random) => {
      const [a, b] = broadcasting(random);
      const dtype = random.pick(all);
      const condition = drawInput(
        random,
        random.chance(0.7) ? tf.broadcast_util.assertAndGetBroadcastShape(a, b) : a,
        'bool',
      );
      return {
        inputs: [condition, drawInput(random, a, dtype), drawInput(random, b, dtype)],
        options: {},
        apply: (c, x, y) => tf.where(c as tf.Tensor, x as tf.Tensor, y as tf.Tensor),
      };
    },
  },
  {
    name: 'addN',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const dtype = random.pick(numbers);
      const inputs = Array.from({ length: random.int(1, 4) }, () => drawInput(random, shape, dtype));
      return { inputs, options: {}, apply: (...terms) => tf.addN(terms) };
    },
  },
];

/** Axes of a shape, or undefined for all; some negative. */
function axesOf(random: Random, rank: number): number | number[] | undefined {
  if (random.chance(0.3)) return undefined;
  if (rank === 0) return random.chance(0.5) ? [] : undefined;
  const signed = (axis: number) => (random.chance(0.4) ? axis - rank : axis);
  if (random.chance(0.5)) return signed(random.int(0, rank - 1));
  const chosen = Array.from({ length: rank }, (_, axis) => axis).filter(() => random.chance(0.5));
  return chosen.map(signed);
}

type Reduction = (x: tf.Tensor, axis: number | number[] | undefined, keepDims: boolean) => tf.Tensor;

function reduction(
  name: string,
  apply: Reduction,
  dtypes: readonly DataType[],
  kinds: readonly Kind[],
  gradient = true,
): DrawnOperation {
  return {
    name,
    draw: (random) => {
      const shape = drawShape(random, 0, 6);
      const axis = axesOf(random, shape.length);
      const keepDims = random.chance(0.4);
      const kind = random.pick(kinds);
      const x = drawInput(random, shape, random.pick(dtypes), kind);
      return {
        inputs: [x],
        terms: sizeOfTerms(x),
        options: { axis, keepDims, kind },
        apply: (tensor) => apply(tensor as tf.Tensor, axis, keepDims),
        gradient: gradient && kind !== 'special',
      };
    },
  };
}

function alongAxis(
  name: string,
  apply: (x: tf.Tensor, axis: number) => tf.Tensor,
  dtypes: readonly DataType[],
  kinds: readonly Kind[],
  gradient = true,
  gradientTerms = 0,
): DrawnOperation {
  return {
    name,
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const axis = random.int(-shape.length, shape.length - 1);
      const kind = random.pick(kinds);
      return {
        inputs: [drawInput(random, shape, random.pick(dtypes), kind)],
        options: { axis, kind },
        apply: (x) => apply(x as tf.Tensor, axis),
        gradient: gradient && kind !== 'special',
        gradientTerms,
      };
    },
  };
}

const lastAxisOf = (x: tf.Tensor) => x.rank - 1;

const reductionCalls: readonly DrawnOperation[] = [
  reduction('sum', tf.sum, all, ['near 0', 'wide', 'special']),
  reduction('mean', tf.mean, all, ['near 0', 'wide']),
  reduction('max', tf.max, numbers, ['distinct', 'special']),
  reduction('min', tf.min, numbers, ['distinct', 'special']),
  reduction('prod', tf.prod, numbers, ['near 0']),
  // Products that wrap: those of numbers with a 0 among them do not.
  reduction('prod', tf.prod, ['int32'], ['positive']),
  reduction('all', (x, axis, keep) => tf.all(tf.cast(x, 'bool'), axis, keep), all, ['near 0'], false),
  reduction('any', (x, axis, keep) => tf.any(tf.cast(x, 'bool'), axis, keep), all, ['near 0'], false),
  reduction('logSumExp', tf.logSumExp, ['float32'], ['near 0', 'wide']),
  reduction('norm', (x, axis, keep) => tf.norm(x, 'euclidean', axis, keep), ['float32'], ['positive']),
  reduction(
    'moments',
    (x, axis, keep) =>
      tf.concat(Object.values(tf.moments(x, axis, keep)).map((part) => tf.reshape(part as tf.Tensor, [-1]))),
    numbers,
    ['near 0'],
  ),
  alongAxis('argMax', tf.argMax, numbers, ['distinct', 'special'], false),
  alongAxis('argMin', tf.argMin, numbers, ['distinct', 'special'], false),
  // Its gradient is the difference of shares, which add up to 1.
  alongAxis('softmax', (x) => tf.softmax(x, lastAxisOf(x)), ['float32'], ['near 0', 'wide'], true, 1),
  alongAxis('logSoftmax', (x) => tf.logSoftmax(x, lastAxisOf(x)), ['float32'], ['near 0', 'wide']),
  {
    name: 'cumsum',
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const axis = random.int(-shape.length, shape.length - 1);
      const [exclusive, reverse] = [random.chance(0.5), random.chance(0.5)];
      const summed = drawInput(random, shape, random.pick(numbers));
      return {
        inputs: [summed],
        terms: sizeOfTerms(summed),
        options: { axis, exclusive, reverse },
        apply: (x) => tf.cumsum(x as tf.Tensor, axis, exclusive, reverse),
      };
    },
  },
  {
    name: 'cumprod',
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const axis = random.int(-shape.length, shape.length - 1);
      const [exclusive, reverse] = [random.chance(0.5), random.chance(0.5)];
      return {
        inputs: [drawInput(random, shape, random.pick(numbers), 'within 1')],
        options: { axis, exclusive, reverse },
        apply: (x) => tf.cumprod(x as tf.Tensor, axis, exclusive, reverse),
      };
    },
  },
  {
    name: 'topk',
    draw: (random) => {
      const shape = drawShape(random, 1, 4, false);
      const k = random.int(0, shape.at(-1) ?? 1);
      return {
        inputs: [drawInput(random, shape, random.pick(numbers), 'distinct')],
        options: { k },
        apply: (x) => Object.values(tf.topk(x as tf.Tensor, k, true)) as tf.Tensor[],
        gradient: false,
      };
    },
  },
];

export const numericOperations: readonly DrawnOperation[] = [...unaryCalls, ...binaryCalls, ...reductionCalls];
