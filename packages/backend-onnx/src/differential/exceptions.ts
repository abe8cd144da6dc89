/** What may differ from tfjs's cpu backend, why, and what it has to be instead. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnCase, type Input, tensorOf } from './drawn-case.js';
import {
  alongPositiveAxis,
  emptySlice,
  inputOf,
  resizingGradient,
  type StridedSlice,
  takenIndices,
  wrapped,
  wrappedProduct,
} from './right-results.js';

export interface Exception {
  /** Null for each. */
  readonly operation: string | null;
  readonly in: 'result' | 'gradient';
  readonly applies: (drawn: DrawnCase) => boolean;
  readonly why: string;
  /** What has to come out instead. Runs on the cpu backend, whose own result it is where this is left out. */
  readonly right?: (drawn: DrawnCase) => tf.Tensor[];
  /** Expected numbers in whose place any may stand. */
  readonly tolerates?: (expected: number) => boolean;
}

const alongNegativeAxis = ({ options }: DrawnCase) => (options as { axis: number }).axis < 0;
const roundedOrLowest = (x: number) => x === -(2 ** 31) || Math.fround(x) !== x;
const isInt32 = (drawn: DrawnCase) => inputOf(drawn).dtype === 'int32';
/** Whether a number of one input, rounded to float32, is in the other one. */
const meetsRounded = (one: Input | undefined, other: Input | undefined) =>
  one?.values.some((x) => Math.fround(x) !== x && other?.values.includes(Math.fround(x))) ?? false;
const comparisons = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
};
const absolute = (x: bigint) => (x < 0n ? -x : x);

export const exceptions: readonly Exception[] = [
  ...(
    [
      ['cumsum', tf.cumsum],
      ['cumprod', tf.cumprod],
    ] as const
  ).map(
    ([operation, apply]): Exception => ({
      operation,
      in: 'result',
      applies: alongNegativeAxis,
      why: "the cpu backend's result has another shape where the axis is negative, and tfjs refuses it",
      right: (drawn) => alongPositiveAxis(drawn, apply),
    }),
  ),
  {
    operation: 'resizeNearestNeighbor',
    in: 'gradient',
    applies: () => true,
    why: "the cpu backend's gradient is not that of its result, and has NaN",
    right: resizingGradient,
  },
  {
    operation: 'resizeBilinear',
    in: 'gradient',
    applies: (drawn) => inputOf(drawn).shape[1] !== inputOf(drawn).shape[2],
    why: "the cpu backend's gradient has height and width exchanged, and tfjs refuses it",
    right: resizingGradient,
  },
  ...(
    [
      ['abs', (size) => size],
      ['acosh', (size) => tf.acosh(tf.add(size, 1))],
    ] as const satisfies [string, (size: tf.Tensor) => tf.Tensor][]
  ).map(
    ([operation, ofSize]): Exception => ({
      operation,
      in: 'result',
      applies: (drawn) => isInt32(drawn) && inputOf(drawn).values.some(roundedOrLowest),
      why: 'the cpu backend computes absolute values of whole numbers in float32',
      right: (drawn) => wrapped(drawn, absolute).map(ofSize),
    }),
  ),
  ...Object.entries(comparisons).map(
    ([operation, apply]): Exception => ({
      operation,
      in: 'result',
      applies: ({ inputs: [a, b] }) => a?.dtype !== b?.dtype && (meetsRounded(a, b) || meetsRounded(b, a)),
      why: 'the cpu backend casts whole numbers to float32 without rounding them, and compares what float32 has not',
      right: ({ inputs }) => {
        const [a, b] = inputs.map(({ values, shape }) => tf.tensor([...values], [...shape], 'float32'));
        return a === undefined || b === undefined ? [] : [apply(a, b)];
      },
    }),
  ),
  {
    operation: 'prod',
    in: 'result',
    applies: (drawn) =>
      isInt32(drawn) &&
      inputOf(drawn).values.reduce((product, value) => product * Math.max(1, Math.abs(value)), 1) > 2 ** 53,
    why: 'the cpu backend rounds products above 2^53 before it takes them modulo 2^32',
    right: wrappedProduct,
  },
  {
    operation: 'square',
    in: 'result',
    applies: (drawn) => isInt32(drawn) && inputOf(drawn).values.some((x) => Math.fround(x * x) !== x * x),
    why: 'the cpu backend rounds squares of whole numbers to float32 before they wrap, which products do not',
    right: (drawn) => [tf.mul(tensorOf(inputOf(drawn)), tensorOf(inputOf(drawn)))],
  },
  {
    operation: 'stridedSlice',
    in: 'result',
    applies: (drawn) =>
      (drawn.options as StridedSlice).strides.every((stride) => stride === 1) &&
      takenIndices(drawn).some((taken) => taken.length === 0),
    why: 'the cpu backend throws where all strides are 1 and nothing is left of an axis',
    right: emptySlice,
  },
];
