/** One drawn call of tfjs. */
import type { DataType } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { drawValues, type Kind, type Random } from './random.js';

export interface Input {
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly values: readonly number[];
}

export interface DrawnCall {
  readonly inputs: readonly Input[];
  /** What is not seen from the inputs. */
  readonly options: unknown;
  readonly apply: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Whether gradients with respect to the float inputs are compared, too. Default true. */
  readonly gradient?: boolean;
  /** The sum of the sizes of what is added: a sum that cancels is only as exact as float32 is there. Default 0. */
  readonly terms?: number;
  /** The same of a gradient. */
  readonly gradientTerms?: number;
}

export interface DrawnOperation {
  readonly name: string;
  readonly draw: (random: Random) => DrawnCall;
}

export interface DrawnCase extends DrawnCall {
  readonly operation: string;
  readonly seed: number;
}

export function drawInput(random: Random, shape: readonly number[], dtype: DataType, kind: Kind = 'near 0'): Input {
  return { shape: [...shape], dtype, values: drawValues(random, tf.util.sizeFromShape([...shape]), dtype, kind) };
}

/** A constant of a call that is no input: nothing is differentiated by it. */
export function tensorOf({ shape, dtype, values }: Input): tf.Tensor {
  return tf.tensor([...values], [...shape], dtype as 'float32');
}

/** The sum of the sizes of an input's values. */
export function sizeOfTerms({ values }: Input): number {
  return values.reduce((sum, value) => (Number.isFinite(value) ? sum + Math.abs(value) : sum), 0);
}

export function describeCase({ operation, seed, inputs, options }: DrawnCase): string {
  const described = inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(', ');
  return `${operation}(${described}) ${JSON.stringify(options)}, case ${seed}`;
}

/** The activations that tfjs's fused operations take. */
export const fusedActivations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'prelu', 'leakyrelu'] as const;
