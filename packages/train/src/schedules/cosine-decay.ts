import { checkOptions, type OptionRules, optional } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule } from './schedule.js';
import { clock, factor, type ScheduleUnit, unitRules } from './unit.js';

/** The options of `cosineDecay`. */
export interface CosineDecayOptions extends ScheduleUnit {
  /** The factor at the end of the run. Default 0. */
  readonly end?: number;
}

const cosineDecayRules: OptionRules<CosineDecayOptions> = { ...unitRules, end: optional(factor) };

/**
 * Half a cosine from 1 to `end` over the whole run: Loshchilov and Hutter, "SGDR" (2017), without restarts; PyTorch's
 * `CosineAnnealingLR`. Default unit: step.
 *
 *   end + (1 - end) (1 + cos(pi t / T)) / 2
 *
 * @throws RangeError where `end` is not from 0 to 1
 * @example
 * import { cosineDecay, warmUp } from '@cnnzoo/train';
 *
 * const schedule = warmUp({ duration: 5 }, cosineDecay());
 */
export function cosineDecay(options: CosineDecayOptions = {}): Schedule {
  const { end = 0, unit = 'step' } = checkOptions('cosineDecay', options, cosineDecayRules);
  return checkedSchedule((position) => {
    const { time, total } = clock(position, unit);
    return end + ((1 - end) * (1 + Math.cos((Math.PI * Math.min(time, total)) / total))) / 2;
  });
}
