import { check, checkOptions, integer, listOf, number, type OptionRules, oneOf, optional, rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import type { EpochRecord } from '../loop/history.js';
import { checkedSchedule, type Schedule } from './schedule.js';
import { factor as factorRule } from './unit.js';

/** The options of `reduceOnPlateau`. */
export interface ReduceOnPlateauOptions {
  /** What is watched; of validation, where there is one, else of training. Default 'loss'. */
  readonly metric?: 'loss' | 'accuracy';
  /** Default 0.1: "divide by 10 when the validation error stops improving". */
  readonly factor?: number;
  /** Epochs without improvement that are waited for. Default 10. */
  readonly patience?: number;
  /** How much better, relative to the best, is an improvement. Default 1e-4. */
  readonly threshold?: number;
  /** Epochs after a reduction in which none are counted. Default 0. */
  readonly cooldown?: number;
  /** The factor is never less than this. Default 0. */
  readonly smallest?: number;
}

const reduceOnPlateauRules: OptionRules<ReduceOnPlateauOptions> = {
  metric: optional(oneOf(['loss', 'accuracy'])),
  factor: optional(factorRule),
  patience: optional(integer(0)),
  threshold: optional(number(0, 1)),
  cooldown: optional(integer(0)),
  smallest: optional(factorRule),
};

const isScore = (value: unknown) =>
  isRecord(value) && typeof value['loss'] === 'number' && typeof value['accuracy'] === 'number';

const records = listOf(
  rule<EpochRecord>(
    'the record of an epoch, with loss and accuracy',
    (value) => isScore(value) && isScore((value as EpochRecord).validation ?? value),
  ),
);

/**
 * Reduces the learning rate when the run no longer gets better: PyTorch's `ReduceLROnPlateau`, and what the authors of AlexNet and VGG did by hand.
 * It reads the history of the run, so a resumed run needs no state of it.
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { reduceOnPlateau } from '@cnnzoo/train';
 *
 * const schedule = reduceOnPlateau({ metric: 'accuracy', patience: 3 });
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): Schedule {
  const {
    metric = 'loss',
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    cooldown = 0,
    smallest = 0,
  } = checkOptions('reduceOnPlateau', options, reduceOnPlateauRules);
  const value = (record: EpochRecord) => (record.validation ?? record)[metric];
  const better = (a: number, best: number) =>
    metric === 'loss' ? a < best * (1 - threshold) : a > best * (1 + threshold);
  return checkedSchedule(({ history }) => {
    let current = 1;
    let best = metric === 'loss' ? Infinity : -Infinity;
    let bad = 0;
    let rest = 0;
    check('history', history, records);
    for (const record of history) {
      if (better(value(record), best)) {
        best = value(record);
        bad = 0;
      } else bad++;
      if (rest > 0) {
        rest--;
        bad = 0;
      }
      if (bad > patience) {
        current = Math.max(current * factor, smallest);
        rest = cooldown;
        bad = 0;
      }
    }
    return current;
  });
}
