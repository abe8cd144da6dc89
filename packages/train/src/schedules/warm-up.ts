import { boolean, check, checkOptions, type OptionRules, optional, positive } from '@cnnzoo/checks';
import { checkedSchedule, type Schedule, scheduleRule } from './schedule.js';
import { factor, type ScheduleUnit, unitRules } from './unit.js';

/** The options of `warmUp`. */
export interface WarmUpOptions extends ScheduleUnit {
  /** How long the learning rate rises, in epochs (or steps). Either way it rises with each step. */
  readonly duration: number;
  /** The first factor, from 0 to 1. Default 0. */
  readonly start?: number;
  /**
   * Whether the schedule after it begins when the warm-up ends, as PyTorch's `SequentialLR`. Default false: it runs from the
   * beginning, so that milestones are counted from there, as in Goyal et al. (2017).
   */
  readonly delay?: boolean;
}

const warmUpRules: OptionRules<WarmUpOptions> = {
  ...unitRules,
  duration: positive,
  start: optional(factor),
  delay: optional(boolean),
};

/**
 * A learning rate that rises along a straight line before a schedule takes over: Goyal et al., "Accurate, large minibatch SGD"
 * (2017). ResNet-110 needed it: He et al. (2016), section 4.2.
 *
 *   start + (1 - start) t / duration for t < duration, times the schedule unless that is delayed
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { cosineDecay, warmUp } from '@cnnzoo/train';
 *
 * const schedule = warmUp({ duration: 5 }, cosineDecay());
 */
export function warmUp(options: WarmUpOptions, schedule: Schedule): Schedule {
  const { duration, start = 0, delay = false, unit = 'epoch' } = checkOptions('warmUp', options, warmUpRules);
  check('schedule', schedule, scheduleRule);
  return checkedSchedule((position) => {
    const { step, epoch, totalSteps, totalEpochs } = position;
    const stepsPerEpoch = totalSteps / totalEpochs;
    const steps = unit === 'step' ? duration : duration * stepsPerEpoch;
    const rise = step < steps ? start + ((1 - start) * step) / steps : 1;
    if (!delay) return rise * schedule(position);
    if (step < steps) return rise;
    const epochs = steps / stepsPerEpoch;
    const later = {
      ...position,
      step: step - steps,
      epoch: Math.max(epoch - epochs, 0),
      totalSteps: totalSteps - steps,
      totalEpochs: totalEpochs - epochs,
    };
    return schedule(later);
  });
}
