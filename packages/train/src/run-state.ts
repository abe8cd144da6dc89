import type { StateDict } from '@cnnzoo/weights';
import type { EpochRecord } from './history.js';

/** Where a run is and what it has seen, beside weights and what the optimizer remembers. */
export interface Progress {
  /** Updates of the weights so far. */
  readonly step: number;
  /** The epoch of the next batch, from 0. */
  readonly epoch: number;
  /** The next batch of that epoch, from 0. */
  readonly batch: number;
  /** Sums over the epoch so far. */
  readonly sums: EpochSums;
  readonly history: readonly EpochRecord[];
}

/** Sums over the pictures of an epoch. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly count: number;
  readonly seconds: number;
}

export const noSums: EpochSums = { loss: 0, correct: 0, count: 0, seconds: 0 };

/** Weights under PyTorch's keys. */
export type Weights = StateDict;
