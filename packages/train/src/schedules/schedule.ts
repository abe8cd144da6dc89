import { callable, check, number, record, rule } from '@cnnzoo/checks';
import type { EpochRecord } from '../loop/history.js';

/** Where a run is, before the update whose learning rate is asked for. */
export interface SchedulePosition {
  /** Updates of the weights so far. */
  readonly step: number;
  /** Epochs done, an integer. */
  readonly epoch: number;
  /** Updates in the whole run. */
  readonly totalSteps: number;
  readonly totalEpochs: number;
  /** Records of the epochs done, for schedules that watch how it goes. */
  readonly history: readonly EpochRecord[];
}

/**
 * The factor on the optimizer's learning rate. It depends on the position alone, so that a run that is resumed needs no state of it.
 */
export type Schedule = (position: SchedulePosition) => number;

const time = number(0);
const whole = number();

const positionRule = record<SchedulePosition>({
  step: time,
  epoch: time,
  totalSteps: whole,
  totalEpochs: whole,
  // Each epoch is looked at by the one schedule that reads them: the list grows, and this is asked in each step.
  history: rule<readonly EpochRecord[]>('an array of the records of epochs', Array.isArray),
});

/** A schedule that looks at its position first. */
export function checkedSchedule(factor: Schedule): Schedule {
  return (position) => factor(check('position', position, positionRule));
}

export const scheduleRule = callable<Schedule>('a function of the position, such as cosineDecay()');
