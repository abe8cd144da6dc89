/** Runs drawn calls of tfjs on tfjs's cpu backend and on another one, and compares results and gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { arrayOperations } from './array-operations.js';
import { type DrawnCase, type DrawnOperation, describeCase, tensorOf } from './drawn-case.js';
import { type Exception, exceptions as onEachDevice } from './exceptions.js';
import { weightsOf } from './gradient-weights.js';
import { networkOperations } from './network-operations.js';
import { numericOperations } from './numeric-operations.js';
import { productOperations } from './product-operations.js';
import { randomOf } from './random.js';
import { windowOperations } from './window-operations.js';

export const drawnOperations: readonly DrawnOperation[] = [
  ...numericOperations,
  ...arrayOperations,
  ...productOperations,
  ...windowOperations,
  ...networkOperations,
];

/**
 * @param seed stands for the operation, its inputs and its options
 * @param filter the name of an operation, or a part of several
 */
export function drawCase(seed: number, filter = ''): DrawnCase {
  const random = randomOf(seed);
  const named = drawnOperations.filter((operation) => operation.name === filter);
  const { name, draw } = random.pick(
    named.length > 0 ? named : drawnOperations.filter((operation) => operation.name.includes(filter)),
  );
  return { operation: name, seed, ...draw(random) };
}

interface Numbers {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly values: ArrayLike<number>;
}

/** Results by name, or the error that there was instead. */
type Outcome = ReadonlyMap<string, Numbers> | Error;

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** Records a call; nothing is read. */
function resultsOf({ inputs, apply }: DrawnCase): tf.Tensor[] {
  return [apply(...inputs.map(tensorOf))].flat();
}

/** Gradients of the results, each weighted by numbers that differ from place to place: of a plain sum they would hide mistakes. */
function gradientsOf({ inputs, apply }: DrawnCase): tf.Tensor[] {
  const tensors = inputs.map(tensorOf);
  const floats = inputs.flatMap(({ dtype }, i) => (dtype === 'float32' ? [i] : []));
  if (floats.length === 0) return [];
  const weighted = (...xs: tf.Tensor[]) => {
    const all = [...tensors];
    floats.forEach((at, i) => {
      all[at] = xs[i] as tf.Tensor;
    });
    const terms = [apply(...all)]
      .flat()
      .map((result) => tf.sum(tf.mul(tf.cast(result, 'float32'), weightsOf(result.shape))));
    return tf.addN(terms) as tf.Scalar;
  };
  return tf.grads(weighted)(floats.map((at) => tensors[at] as tf.Tensor));
}

type Recorded = Map<string, tf.Tensor> | Error;

function attempt(name: string, drawn: DrawnCase, compute: (drawn: DrawnCase) => tf.Tensor[]): Recorded {
  try {
    return new Map(compute(drawn).map((tensor, i) => [`${name} ${i}`, tensor]));
  } catch (error) {
    return asError(error);
  }
}

function record(drawn: DrawnCase): { results: Recorded; gradients: Recorded } {
  const results = attempt('result', drawn, resultsOf);
  return { results, gradients: drawn.gradient === false ? new Map() : attempt('gradient', drawn, gradientsOf) };
}

function read(recorded: Recorded): Outcome {
  if (recorded instanceof Error) return recorded;
  try {
    return new Map(
      [...recorded].map(([name, tensor]) => [
        name,
        { shape: tensor.shape, dtype: tensor.dtype, values: tensor.dataSync() },
      ]),
    );
  } catch (error) {
    return asError(error);
  }
}

/** Runs several cases, all of which are recorded before the first is read: so they share a graph. */
function runAll(cases: readonly DrawnCase[]): { results: Outcome; gradients: Outcome }[] {
  return tf.engine().tidy(() => {
    const recorded = cases.map(record);
    return recorded.map(({ results, gradients }) => ({ results: read(results), gradients: read(gradients) })) as never;
  }) as never;
}

/** A float32's unit in the last place. */
function ulp(value: number): number {
  const size = Math.abs(value);
  return size < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(size)) - 23);
}

export interface Bars {
  /** Of the largest number of a result. */
  readonly results: number;
  /** Of the largest number of a gradient. */
  readonly gradients: number;
}

function difference(
  name: string,
  actual: Numbers | undefined,
  expected: Numbers,
  bar: number,
  terms: number,
  tolerates: (expected: number) => boolean,
): string | null {
  const form = ({ dtype, shape }: Numbers) => `${dtype}[${shape}]`;
  if (actual === undefined || form(actual) !== form(expected))
    return `${name} is ${actual && form(actual)}, expected ${form(expected)}`;
  let largest = 0;
  for (let i = 0; i < expected.values.length; i++) {
    const size = Math.abs(expected.values[i] ?? 0);
    if (Number.isFinite(size)) largest = Math.max(largest, size);
  }
  for (let i = 0; i < expected.values.length; i++) {
    const [a = Number.NaN, b = Number.NaN] = [actual.values[i], expected.values[i]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b)) || tolerates(b)) continue;
    const allowed = expected.dtype === 'float32' ? Math.max(bar * largest, 4 * ulp(b), 2 ** -23 * terms) : 0;
    if (!(Math.abs(a - b) <= allowed)) return `${name} is ${a} at ${i}, expected ${b} (largest ${largest})`;
  }
  return null;
}

/** What an error says, whatever the backend is called. */
const wordsOf = ({ message }: Error) => message.replace(/^Backend '\w+'/, 'Backend');

const nothing = () => false;

function compare(
  actual: Outcome,
  expected: Outcome,
  bar: number,
  terms = 0,
  tolerates = nothing as (x: number) => boolean,
): string | null {
  if (expected instanceof Error) {
    if (!(actual instanceof Error)) return `no error, expected: ${expected.message}`;
    // Another sentence may mean that another thing is wrong.
    return wordsOf(actual) === wordsOf(expected) ? null : `error: ${actual.message}, expected: ${expected.message}`;
  }
  if (actual instanceof Error) return `error: ${actual.message}`;
  for (const [name, numbers] of expected) {
    const found = difference(name, actual.get(name), numbers, bar, terms, tolerates);
    if (found !== null) return found;
  }
  return null;
}

export interface Deviation {
  readonly drawn: DrawnCase;
  readonly problem: string;
  /** Why this may be so, or null. */
  readonly excuse: Exception | null;
}

export interface Comparison {
  readonly deviations: readonly Deviation[];
  /** How many cases both backends refuse in the same words, by operation and words. */
  readonly refused: ReadonlyMap<string, number>;
}

/** Cases that are recorded before one is read. */
const together = 20;

/** What a case that is an exception has to give: numbers that tfjs's cpu backend has in another way. */
async function rightOutcome(
  right: (drawn: DrawnCase) => tf.Tensor[],
  drawn: DrawnCase,
  part: 'result' | 'gradient',
): Promise<Outcome> {
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    return tf.engine().tidy(() => read(attempt(part, drawn, right)) as never) as never;
  } finally {
    await tf.setBackend(before);
  }
}

/**
 * @param seeds of the cases
 * @param backend what is compared with tfjs's cpu backend. Left set
 * @param exceptions what may differ from the cpu backend, and has to be what they say instead
 */
export async function compareCases(
  seeds: readonly number[],
  backend: string,
  bars: Bars,
  { filter = '', exceptions = onEachDevice }: { filter?: string; exceptions?: readonly Exception[] } = {},
): Promise<Comparison> {
  const deviations: Deviation[] = [];
  const refused = new Map<string, number>();
  for (let start = 0; start < seeds.length; start += together) {
    const cases = seeds.slice(start, start + together).map((seed) => drawCase(seed, filter));
    // tfjs then counts what a kernel leaves behind.
    tf.env().set('IS_TEST', true);
    await tf.setBackend('cpu');
    const expected = runAll(cases);
    await tf.setBackend(backend);
    const actual = runAll(cases);
    tf.env().set('IS_TEST', false);
    for (const [i, drawn] of cases.entries()) {
      const [e, a] = [expected[i], actual[i]];
      if (e === undefined || a === undefined) continue;
      for (const [part, key, bar, terms] of [
        ['result', 'results', bars.results, drawn.terms],
        ['gradient', 'gradients', bars.gradients, drawn.gradientTerms],
      ] as const) {
        const problem = compare(a[key], e[key], bar, terms);
        if (problem === null) {
          const outcome = e[key];
          if (outcome instanceof Error) {
            const what = `${drawn.operation}: ${wordsOf(outcome).replace(/-?\d+(,-?\d+)*/g, 'N')}`;
            refused.set(what, (refused.get(what) ?? 0) + 1);
          }
          continue;
        }
        const exception = exceptions.find(
          ({ operation, in: where, applies }) =>
            (operation ?? drawn.operation) === drawn.operation && where === part && applies(drawn),
        );
        let wrong: string | null = problem;
        if (exception !== undefined) {
          const { right, tolerates } = exception;
          const corrected = right === undefined ? e[key] : await rightOutcome(right, drawn, part);
          wrong = compare(a[key], corrected, bar, terms, tolerates);
        }
        deviations.push({ drawn, problem: wrong ?? problem, excuse: wrong === null ? (exception ?? null) : null });
        break;
      }
    }
  }
  return { deviations, refused };
}

export function describeDeviation({ drawn, problem, excuse }: Deviation): string {
  return `${describeCase(drawn)}: ${problem}${excuse === null ? '' : ` (${excuse.why})`}`;
}
