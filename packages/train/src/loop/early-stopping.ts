import { integer, number, oneOf, optional, record } from '@cnnzoo/checks';
import type { EpochRecord } from './history.js';

/** When a run ends before its last epoch. */
export interface EarlyStopping {
  /** Epochs without improvement after which the run ends, at least 1. */
  readonly patience: number;
  /** What is to improve, of validation. Default 'accuracy'. */
  readonly metric?: 'loss' | 'accuracy';
  /** How much better than the best is an improvement. Default 0: any. */
  readonly threshold?: number;
}

/** The index of the best of some epochs, or -1 of none. Of validation, where there is one. */
export function bestEpoch(
  history: readonly EpochRecord[],
  { metric = 'accuracy', threshold = 0 }: Pick<EarlyStopping, 'metric' | 'threshold'> = {},
): number {
  const score = (record: EpochRecord) => {
    const value = (record.validation ?? record)[metric];
    return metric === 'loss' ? -value : value;
  };
  let best = -1;
  let bestScore = -Infinity;
  for (const [i, record] of history.entries()) {
    if (best >= 0 && !(score(record) > bestScore + threshold)) continue;
    best = i;
    bestScore = score(record);
  }
  return best;
}

/** Whether a run with this history has gone on long enough without getting better. */
export function isExhausted(history: readonly EpochRecord[], options: EarlyStopping | null): boolean {
  return options !== null && history.length - 1 - bestEpoch(history, options) >= options.patience;
}

export const earlyStoppingRule = record<EarlyStopping>({
  patience: integer(1),
  metric: optional(oneOf(['loss', 'accuracy'])),
  threshold: optional(number(0)),
});
