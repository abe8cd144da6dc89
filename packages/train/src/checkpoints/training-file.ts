/** training.json of a checkpoint: all that is no tensor. */
import { check, integer, listOf, number, type OptionRules, oneOf, optional, record, string } from '@cnnzoo/checks';
import { anyNumber, epochRecord } from '../loop/history.js';
import type { EpochSums, Progress } from '../loop/run-state.js';
import { mapOf } from '../map-of.js';
import type { RandomState } from './random-state.js';
import { type RunIdentity, runIdentity } from './run-identity.js';

const format = 'cnnzoo-training-2';

/** Sets of weights that a run may have beside the model's. */
const otherWeightsNames = ['average', 'best'] as const;
export type OtherWeightsName = (typeof otherWeightsNames)[number];

export interface TrainingFile {
  readonly format: typeof format;
  readonly optimizer: { readonly className: string; readonly iterations: number };
  /** Of random layers, by their names. */
  readonly random: Readonly<Record<string, RandomState>>;
  readonly otherWeights: readonly OtherWeightsName[];
  readonly run: RunIdentity;
  /** Forms of convolutions that the backend has measured to be fastest; missing where it has none. */
  readonly forms?: string;
  readonly progress: Progress;
}

/** The text of a training.json. */
export function formatTrainingFile(training: Omit<TrainingFile, 'format'>): string {
  return `${JSON.stringify({ format, ...training }, null, 2)}\n`;
}

/**
 * Reads a training.json.
 * @param file for messages
 * @throws TypeError or RangeError naming the file and the field that is wrong
 */
export function parseTrainingFile(text: string, file: string): TrainingFile {
  let parsed: unknown;
  try {
    // JSON has no NaN, which a metric of one's own may be: it was written as null.
    parsed = JSON.parse(text, (_, value) => (value === null ? Number.NaN : value));
  } catch (cause) {
    throw new TypeError(`${file} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return check(file, parsed, trainingFile);
}

const count = integer(0);

const sums: OptionRules<EpochSums> = {
  loss: number(),
  correct: count,
  metrics: mapOf(anyNumber),
  count,
  seconds: number(0),
};

const progress: OptionRules<Progress> = {
  step: count,
  epoch: count,
  batch: count,
  batchesPerEpoch: integer(1),
  learningRate: number(0),
  sums: record(sums),
  history: listOf(epochRecord),
};

const trainingFile = record<TrainingFile>({
  format: oneOf([format]),
  optimizer: record<TrainingFile['optimizer']>({ className: string(), iterations: count }),
  random: mapOf(record<RandomState>({ seed: integer(), drawn: count })),
  otherWeights: listOf(oneOf(otherWeightsNames)),
  run: runIdentity,
  forms: optional(string()),
  progress: record(progress),
});
