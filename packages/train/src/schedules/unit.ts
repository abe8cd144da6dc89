import { number, type OptionRules, oneOf, optional } from '@cnnzoo/checks';
import type { SchedulePosition } from './schedule.js';

/** What a schedule counts in. */
export interface ScheduleUnit {
  /** 'epoch': it changes after whole epochs only; 'step': after each update of the weights. */
  readonly unit?: 'epoch' | 'step';
}

/** The rules of {@link ScheduleUnit}. */
export const unitRules: OptionRules<ScheduleUnit> = { unit: optional(oneOf(['epoch', 'step'])) };

/** A factor on the learning rate that makes it no larger. */
export const factor = number(0, 1);

/** Time since the beginning and that of the whole run, in a unit. */
export function clock(
  { step, epoch, totalSteps, totalEpochs }: SchedulePosition,
  unit: 'epoch' | 'step',
): { time: number; total: number } {
  return unit === 'step' ? { time: step, total: totalSteps } : { time: epoch, total: totalEpochs };
}
