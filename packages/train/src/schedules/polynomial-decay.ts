import { checkOptions, type OptionRules, optional, positive } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule } from './schedule.js';
import { clock, factor, type ScheduleUnit, unitRules } from './unit.js';

/** The options of `polynomialDecay`. */
export interface PolynomialDecayOptions extends ScheduleUnit {
  /** 1: a straight line; 0.5: BVLC GoogLeNet's "quick" recipe. Default 1. */
  readonly power?: number;
  /** The factor at the end of the run. Default 0. */
  readonly end?: number;
}

const polynomialDecayRules: OptionRules<PolynomialDecayOptions> = {
  ...unitRules,
  power: optional(positive),
  end: optional(factor),
};

/**
 * From 1 to `end` over the whole run along a power of the time left: PyTorch's `PolynomialLR`. Default unit: step.
 *
 *   end + (1 - end) (1 - t / T) ^ power
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { polynomialDecay } from '@cnnzoo/train';
 *
 * const schedule = polynomialDecay({ power: 0.5 });
 */
export function polynomialDecay(options: PolynomialDecayOptions = {}): Schedule {
  const { power = 1, end = 0, unit = 'step' } = checkOptions('polynomialDecay', options, polynomialDecayRules);
  return checkedSchedule((position) => {
    const { time, total } = clock(position, unit);
    return end + (1 - end) * (1 - Math.min(time, total) / total) ** power;
  });
}
