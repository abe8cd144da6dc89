/** What may differ from tfjs's cpu backend, and why. */

import type { DrawnCase, Input } from './drawn-case.js';

export interface Exception {
  readonly operation: string;
  readonly in: 'result' | 'gradient';
  readonly applies: (drawn: DrawnCase) => boolean;
  readonly why: string;
}

const alongNegativeAxis = ({ options }: DrawnCase) => (options as { axis: number }).axis < 0;
const hasLowest = ({ values, dtype }: Input) => dtype === 'int32' && values.includes(-(2 ** 31));

export const exceptions: readonly Exception[] = [
  ...['cumsum', 'cumprod'].map(
    (operation): Exception => ({
      operation,
      in: 'result',
      applies: alongNegativeAxis,
      why: "the cpu backend's shape is turned where the axis is negative",
    }),
  ),
  {
    operation: 'resizeNearestNeighbor',
    in: 'gradient',
    applies: () => true,
    why: "the cpu backend's gradient is not that of its result, and has NaN",
  },
  {
    operation: 'resizeBilinear',
    in: 'gradient',
    applies: ({ inputs: [images] }) => images?.shape[1] !== images?.shape[2],
    why: "the cpu backend's gradient has height and width exchanged, and tfjs refuses it",
  },
  ...['abs', 'acosh'].map(
    (operation): Exception => ({
      operation,
      in: 'result',
      applies: ({ inputs }) => inputs.some(hasLowest),
      why: 'the cpu backend keeps the absolute value of -2^31 as a float in an int32 tensor',
    }),
  ),
  {
    operation: 'prod',
    in: 'result',
    applies: ({ inputs: [x] }) =>
      x?.dtype === 'int32' && x.values.reduce((product, value) => product * Math.max(1, Math.abs(value)), 1) > 2 ** 53,
    why: 'the cpu backend rounds products above 2^53 before it takes them modulo 2^32',
  },
  {
    operation: 'square',
    in: 'result',
    applies: ({ inputs: [x] }) => x?.dtype === 'int32',
    why: 'the cpu backend rounds squares of whole numbers to float32 before they wrap',
  },
  {
    operation: 'stridedSlice',
    in: 'result',
    applies: ({ options }) => {
      const { begin, end } = options as { begin: readonly number[]; end: readonly number[] };
      return begin.some((start, axis) => start >= (end[axis] ?? 0) || start < 0 !== (end[axis] ?? 0) < 0);
    },
    why: 'the cpu backend throws where nothing is left of an axis',
  },
];
