/** Runs the same tfjs code on tfjs's cpu backend and on this one, and compares the numbers. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { engineStats, registerOnnxBackend } from '../register-backend.js';

export type Results = Readonly<Record<string, tf.Tensor>>;

export interface Numbers {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  readonly values: ArrayLike<number>;
}

/** A result differs where |actual - expected| > relative |expected| + 1e-5 times the largest expected value. */
interface Tolerance {
  /** Default 1e-4. */
  readonly relative?: number;
  /** Whether kernels may be left to tfjs's cpu kernels. Default false. */
  readonly fallbacks?: boolean;
}

/** Runs on one backend and reads the results; expects that no tensor is left behind. */
export async function runOn(backend: 'cpu' | 'onnx', compute: () => Results): Promise<Map<string, Numbers>> {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = tf.tidy(compute as () => { [name: string]: tf.Tensor });
  const numbers = new Map(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, dtype: tensor.dtype, values: tensor.dataSync().slice() },
    ]),
  );
  tf.dispose(results);
  expect(tf.memory().numTensors, `tensors left on ${backend}`).toBe(before);
  return numbers;
}

function fallbackCount(): number {
  return Object.values(engineStats().fallbacks).reduce((sum, count) => sum + count, 0);
}

/** Says where two arrays differ by more than is allowed, or returns null. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>, relative = 1e-4): string | null {
  if (actual.length !== expected.length) return `${actual.length} values, expected ${expected.length}`;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(expected[i] ?? 0);
    if (Number.isFinite(size)) largest = Math.max(largest, size);
  }
  for (let i = 0; i < expected.length; i++) {
    const [a = 0, b = 0] = [actual[i], expected[i]];
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= relative * Math.abs(b) + 0.1 * relative * largest))
      return `${a} at ${i}, expected ${b} (largest ${largest})`;
  }
  return null;
}

/**
 * Expects equal shapes, types and numbers from both backends, no tensor left behind and no kernel fallen back.
 * @param compute makes its own inputs and returns results by name
 */
export async function expectSameOnBoth(
  compute: () => Results,
  { relative = 1e-4, fallbacks = false }: Tolerance = {},
): Promise<void> {
  const expected = await runOn('cpu', compute);
  await runOn('onnx', () => ({}));
  const fallbacksBefore = fallbackCount();
  const actual = await runOn('onnx', compute);
  if (!fallbacks) expect(fallbackCount() - fallbacksBefore, JSON.stringify(engineStats().fallbacks)).toBe(0);
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { shape, dtype, values }] of expected) {
    const found = actual.get(name);
    expect(found?.shape, `shape of ${name}`).toEqual(shape);
    expect(found?.dtype, `type of ${name}`).toBe(dtype);
    expect(difference(found?.values ?? [], values, relative), name).toBeNull();
  }
}

/** A tensor of numbers between -1 and 1 that depend on the seed only. */
export function numbers<R extends tf.Rank>(shape: tf.ShapeMap[R], seed = 1): tf.Tensor<R> {
  return tf.tensor(randomValues(tf.util.sizeFromShape(shape), seed), shape);
}

/** The values of `numbers`. */
export function randomValues(size: number, seed: number): Float32Array {
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  return Float32Array.from({ length: size }, () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * The value of f and its gradients with respect to all inputs, for random output gradients (a sum's gradient would be ones
 * everywhere and hide mistakes).
 */
export function withGradients(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly tf.Tensor[]): Results {
  const y = f(...inputs);
  const dy = numbers(y.shape, 77);
  const gradients = tf.grads(f)([...inputs], dy);
  return { y, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient of input ${i}`, gradient])) };
}
