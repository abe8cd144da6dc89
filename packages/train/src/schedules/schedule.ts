import { callable } from '@cnnzoo/checks';
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

export const scheduleRule = callable<Schedule>('a function of the position, such as cosineDecay()');
