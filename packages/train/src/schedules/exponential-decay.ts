import { checkFactor, checkPositive } from './check.js';
import type { Schedule } from './schedule.js';
import { clock, type ScheduleUnit } from './unit.js';

/** The options of `exponentialDecay`. */
export interface ExponentialDecayOptions extends ScheduleUnit {
  readonly factor: number;
  /** How long a whole factor takes. Default 1. */
  readonly every?: number;
}

/**
 * The learning rate falls by the same factor all the time: PyTorch's `ExponentialLR`, and smoothly in between with a larger `every`.
 * For x0.94 every 2 epochs in stairs, as the Inception papers did it, see `stepDecay`.
 *
 *   factor ^ (t / every)
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { exponentialDecay } from '@cnnzoo/train';
 *
 * const schedule = exponentialDecay({ factor: 0.94, every: 2 });
 */
export function exponentialDecay({ factor, every = 1, unit = 'epoch' }: ExponentialDecayOptions): Schedule {
  checkFactor('factor', factor);
  checkPositive('every', every);
  return (position) => factor ** (clock(position, unit).time / every);
}
