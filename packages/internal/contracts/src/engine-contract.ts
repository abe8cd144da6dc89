/** One suite for every engine: the same computations on tfjs's cpu backend and on another one, and the numbers compared. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type EngineCase, type EngineGroup, engineCases } from './engine-cases.js';

export interface EngineContractOptions {
  /** The engine's name in tfjs's registry. It has to be registered already. */
  readonly backend: string;
  /**
   * A number is wrong where it is further from the cpu backend's than this part of it plus a tenth of this part of the largest number of
   * its tensor. Default 1e-4.
   */
  readonly tolerance?: number;
  /** Groups that this engine is known to lack. Default none. */
  readonly skip?: readonly EngineGroup[];
  /** Only cases whose name contains this. */
  readonly filter?: string;
  /** Told after each case; `problem` is null where it is as it should be. */
  readonly onCase?: (name: string, problem: string | null) => void;
}

export interface EngineContractReport {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly name: string; readonly problem: string }[];
  /** The largest deviation, as a part of the tolerance. */
  readonly worst: number;
}

interface Numbers {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly values: ArrayLike<number>;
}

async function run({ name: caseName, compute }: EngineCase): Promise<Map<string, Numbers>> {
  const before = tf.memory().numTensors;
  const results = tf.tidy(compute);
  const numbers = new Map<string, Numbers>();
  for (const [name, tensor] of Object.entries(results)) {
    const values = (await tensor.data<'float32'>()).slice();
    numbers.set(name, { shape: tensor.shape, dtype: tensor.dtype, values });
  }
  tf.dispose(results);
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${caseName}: ${left} tensors were left behind`);
  return numbers;
}

/** The largest |actual - expected| / (|expected| + largest expected / 10), and where it is. */
function deviation(actual: ArrayLike<number>, expected: ArrayLike<number>): { size: number; at: number } {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i] ?? 0));
  const worst = { size: 0, at: 0 };
  for (let i = 0; i < expected.length; i++) {
    const [a = Number.NaN, b = Number.NaN] = [actual[i], expected[i]];
    if (a === b) continue;
    const size = Math.abs(a - b) / (Math.abs(b) + largest / 10);
    // Not `size > worst.size`: NaN is the worst of all.
    if (!(size <= worst.size)) {
      worst.size = Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
      worst.at = i;
    }
  }
  return worst;
}

function compare(actual: ReadonlyMap<string, Numbers>, expected: ReadonlyMap<string, Numbers>) {
  let worst = 0;
  let text = '';
  for (const [name, { shape, dtype, values }] of expected) {
    const found = actual.get(name);
    const description = `${found?.dtype}[${found?.shape}]`;
    if (description !== `${dtype}[${shape}]`)
      return { worst: Number.POSITIVE_INFINITY, text: `${name} is ${description}, expected ${dtype}[${shape}]` };
    const { size, at } = deviation(found?.values ?? [], values);
    if (size <= worst) continue;
    worst = size;
    text = `${name}: ${found?.values[at]} at ${at}, expected ${values[at]}, off by ${size.toExponential(1)}`;
  }
  return { worst, text };
}

/**
 * Runs every case on tfjs's cpu backend and on another one. Sets the backend, and leaves it set.
 * @returns what passed, and for each failure what was wrong
 * @throws Error where the backend cannot be set
 * @example
 * registerOnnxBackend();
 * const { failures } = await engineContract({ backend: 'onnx' });
 */
export async function engineContract({
  backend,
  tolerance = 1e-4,
  skip = [],
  filter = '',
  onCase = () => {},
}: EngineContractOptions): Promise<EngineContractReport> {
  const wanted = engineCases.filter(({ name }) => name.includes(filter));
  const cases = wanted.filter(({ group }) => !skip.includes(group));
  if (!(await tf.setBackend('cpu'))) throw new Error("engineContract: tfjs could not set its backend 'cpu'");
  const expected = new Map<EngineCase, Map<string, Numbers>>();
  for (const engineCase of cases) expected.set(engineCase, await run(engineCase));
  if (!(await tf.setBackend(backend))) throw new Error(`engineContract: tfjs could not set the backend '${backend}'`);
  const failures: { name: string; problem: string }[] = [];
  let worst = 0;
  for (const [engineCase, reference] of expected) {
    let problem: string | null = null;
    try {
      const found = compare(await run(engineCase), reference);
      worst = Math.max(worst, found.worst / tolerance);
      if (found.worst > tolerance) problem = found.text;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem !== null) failures.push({ name: engineCase.name, problem });
    onCase(engineCase.name, problem);
  }
  return { passed: cases.length - failures.length, skipped: wanted.length - cases.length, failures, worst };
}
