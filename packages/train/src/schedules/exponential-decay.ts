import { checkOptions, type OptionRules, optional, positive } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule } from './schedule.js';
import { clock, factor as factorRule, type ScheduleUnit, unitRules } from './unit.js';

/** The options of `exponentialDecay`. */
export interface ExponentialDecayOptions extends ScheduleUnit {
  readonly factor: number;
  /** How long a whole factor takes. Default 1. */
  readonly every?: number;
}

const exponentialDecayRules: OptionRules<ExponentialDecayOptions> = {
  ...unitRules,
  factor: factorRule,
  every: optional(positive),
};

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
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const { factor, every = 1, unit = 'epoch' } = checkOptions('exponentialDecay', options, exponentialDecayRules);
  return checkedSchedule((position) => factor ** (clock(position, unit).time / every));
}
