import { checkOptions, listOf, type OptionRules, optional, positive } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule } from './schedule.js';
import { clock, factor as factorRule, type ScheduleUnit, unitRules } from './unit.js';

/** The options of `stepDecay`. */
export interface StepDecayOptions extends ScheduleUnit {
  readonly every: number;
  /** Default 0.1. */
  readonly factor?: number;
}

const stepDecayRules: OptionRules<StepDecayOptions> = { ...unitRules, every: positive, factor: optional(factorRule) };

/**
 * Multiplies the learning rate by `factor` after every this many epochs (or steps): PyTorch's `StepLR`. GoogLeNet: 0.96 every 8
 * epochs; Inception-v3: 0.94 every 2.
 *
 *   factor ^ floor(t / every)
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { stepDecay } from '@cnnzoo/train';
 *
 * const schedule = stepDecay({ every: 2, factor: 0.94 });
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { every, factor = 0.1, unit = 'epoch' } = checkOptions('stepDecay', options, stepDecayRules);
  return checkedSchedule((position) => factor ** Math.floor(clock(position, unit).time / every));
}

/** The options of `multiStepDecay`. */
export interface MultiStepDecayOptions extends ScheduleUnit {
  /** Times in ascending order. */
  readonly milestones: readonly number[];
  /** Default 0.1. */
  readonly factor?: number;
}

const multiStepDecayRules: OptionRules<MultiStepDecayOptions> = {
  ...unitRules,
  milestones: listOf(positive),
  factor: optional(factorRule),
};

/**
 * Multiplies the learning rate by `factor` at each milestone: PyTorch's `MultiStepLR`. ResNet on CIFAR-10: 0.1 at 32,000 and 48,000
 * steps.
 *
 *   factor ^ (number of milestones <= t)
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { multiStepDecay } from '@cnnzoo/train';
 *
 * const schedule = multiStepDecay({ milestones: [32_000, 48_000], unit: 'step' });
 */
export function multiStepDecay(options: MultiStepDecayOptions): Schedule {
  const { milestones, factor = 0.1, unit = 'epoch' } = checkOptions('multiStepDecay', options, multiStepDecayRules);
  for (const [i, milestone] of milestones.entries()) {
    if (milestone <= (milestones[i - 1] ?? 0))
      throw new RangeError(`milestones must be in ascending order, got ${milestones.join(', ')}`);
  }
  return checkedSchedule(
    (position) => factor ** milestones.filter((milestone) => milestone <= clock(position, unit).time).length,
  );
}
