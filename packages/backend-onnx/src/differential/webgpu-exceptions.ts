/** What may differ on WebGPU besides: what WGSL, the language of its shaders, leaves open. */
import type { DrawnCase } from './drawn-case.js';
import { type Exception, exceptions } from './exceptions.js';
import { wrapped, wrappedPairs } from './right-results.js';

const isSpecial = (x: number) => !Number.isFinite(x) || Math.abs(x) > 1e38;
const readsSpecial = ({ inputs }: DrawnCase) =>
  inputs.some(({ dtype, values }) => dtype === 'float32' && values.some(isSpecial));

const readsLarge = ({ inputs }: DrawnCase) => inputs.some(({ values }) => values.some((x) => !(Math.abs(x) < 1e19)));

/** Operations that tell what kind of number something is, or compare: of NaN and infinity they may say anything. */
const asking = ['isNaN', 'isInf', 'isFinite', 'equal', 'notEqual', 'greater', 'greaterEqual', 'less', 'lessEqual'];
const choosing = [
  'argMax',
  'argMin',
  'max',
  'min',
  'maximum',
  'minimum',
  'clipByValue',
  'sign',
  'step',
  'relu',
  'relu6',
];

/** WGSL allows these an error that does not shrink with the result. */
const absolute = [
  'sin',
  'cos',
  'tan',
  'sinh',
  'tanh',
  'asin',
  'asinh',
  'acos',
  'atan',
  'atanh',
  'expm1',
  'log1p',
  'erf',
];

const areInt32 = ({ inputs }: DrawnCase) => inputs.every(({ dtype }) => dtype === 'int32');
const square = (x: bigint) => x * x;

const notFinite = (expected: number) => !Number.isFinite(expected);

/** These come first: the row for the cpu backend itself corrects squares to what rounds, too. */
const wholeNumbers: readonly Exception[] = [
  ...(
    [
      ['mul', (a, b) => a * b],
      ['squaredDifference', (a, b) => square(a - b)],
    ] as const satisfies [string, (a: bigint, b: bigint) => bigint][]
  ).map(
    ([operation, f]): Exception => ({
      operation,
      in: 'result',
      applies: areInt32,
      why: 'whole numbers wrap to the last digit, and are not rounded to float64 before, as in JavaScript',
      right: (drawn) => wrappedPairs(drawn, f),
    }),
  ),
  {
    operation: 'square',
    in: 'result',
    applies: areInt32,
    why: 'whole numbers wrap to the last digit, and are not rounded to float64 before, as in JavaScript',
    right: (drawn) => wrapped(drawn, square),
  },
];

const webgpuExceptions: readonly Exception[] = [
  ...[...asking, ...choosing].map(
    (operation): Exception => ({
      operation,
      in: 'result',
      applies: readsSpecial,
      why: 'WGSL 15.7.2: a shader may take every number for finite, so that it tells and orders no NaN and no infinity',
      tolerates: () => true,
    }),
  ),
  {
    operation: 'cast',
    in: 'result',
    applies: readsSpecial,
    why: 'WGSL 15.7.6: numbers out of range become the nearest whole number there is, and NaN any',
    tolerates: () => true,
  },
  ...['acosh', 'asinh'].map(
    (operation): Exception => ({
      operation,
      in: 'result',
      applies: readsLarge,
      why: 'the square of a number above 1e19 overflows in the shader',
      tolerates: (expected) => !Number.isFinite(expected) || Math.abs(expected) > 44,
    }),
  ),
  ...absolute.map(
    (operation): Exception => ({
      operation,
      in: 'result',
      applies: () => true,
      why: 'WGSL 15.7.4: errors of these functions are absolute, and arguments of atanh and asin outside of their range give anything',
      tolerates: (expected) => !Number.isFinite(expected) || Math.abs(expected) < 1e-3,
    }),
  ),
  ...(['result', 'gradient'] as const).map(
    (part): Exception => ({
      operation: null,
      in: part,
      applies: () => true,
      why: 'WGSL 15.7.2: what is NaN or infinite may be any number',
      tolerates: notFinite,
    }),
  ),
];

/** Where the cpu backend is wrong and the right number is not finite, that may be any number, too. */
export const exceptionsOnWebgpu: readonly Exception[] = [
  ...wholeNumbers,
  ...exceptions.map((row) => ({ ...row, tolerates: notFinite })),
  ...webgpuExceptions,
];
