import type { EpochRecord } from './history.js';

/** Where a run is and what it has seen, beside weights and what the optimizer remembers. */
export interface Progress {
  /** Updates of the weights so far. */
  readonly step: number;
  /** The epoch of the next batch, from 0. */
  readonly epoch: number;
  /** The next batch of that epoch, from 0. */
  readonly batch: number;
  /** Of the loader: another number would be other data. */
  readonly batchesPerEpoch: number;
  /** Of the last step. */
  readonly learningRate: number;
  /** Sums over the epoch so far. */
  readonly sums: EpochSums;
  readonly history: readonly EpochRecord[];
}

/** Sums over the images of an epoch. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  /** By name, of the means of batches times their images. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly count: number;
  readonly seconds: number;
}

export const noSums: EpochSums = { loss: 0, correct: 0, metrics: {}, count: 0, seconds: 0 };

/** Adds a multiple of some named numbers to their sums. */
export function addMetrics(
  sums: Readonly<Record<string, number>>,
  metrics: Readonly<Record<string, number>>,
  factor: number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, (sums[name] ?? 0) + value * factor]));
}

/** Named sums divided by a count. */
export function meanMetrics(sums: Readonly<Record<string, number>>, count: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
}
