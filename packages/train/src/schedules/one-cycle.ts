import { checkOptions, type OptionRules, optional, positive, rule } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule } from './schedule.js';

/** The options of `oneCycle`. */
export interface OneCycleOptions {
  /** The share of the run in which the learning rate rises, above 0 and below 1. Default 0.3. */
  readonly rise?: number;
  /** The first factor is 1 / startDivisor. Default 25. */
  readonly startDivisor?: number;
  /** The last factor is the first one / endDivisor. Default 10,000. */
  readonly endDivisor?: number;
}

const share = rule<number>(
  'a number above 0 and below 1',
  (value) => typeof value === 'number',
  (value) => value > 0 && value < 1,
);

const oneCycleRules: OptionRules<OneCycleOptions> = {
  rise: optional(share),
  startDivisor: optional(positive),
  endDivisor: optional(positive),
};

/**
 * Up and down once, along half cosines: Smith and Topin, "Super-convergence" (2018); PyTorch's `OneCycleLR`. The optimizer's learning
 * rate is the peak. In steps.
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { oneCycle } from '@cnnzoo/train';
 *
 * const schedule = oneCycle({ rise: 0.3 });
 */
export function oneCycle(options: OneCycleOptions = {}): Schedule {
  const { rise = 0.3, startDivisor = 25, endDivisor = 1e4 } = checkOptions('oneCycle', options, oneCycleRules);
  const start = 1 / startDivisor;
  const end = start / endDivisor;
  const between = (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * Math.min(share, 1)));
  return checkedSchedule(({ step, totalSteps }) => {
    // As PyTorch counts: the last of the steps, and not the one after it, has the end's factor.
    const peak = rise * totalSteps - 1;
    return step < peak ? between(start, 1, step / peak) : between(1, end, (step - peak) / (totalSteps - 1 - peak));
  });
}
