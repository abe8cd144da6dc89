import { integer, number, type OptionRules, oneOf, optional, record, rule } from '@cnnzoo/checks';
import { mapOf } from '../map-of.js';

/** Means over some images. */
export interface Score {
  /** Of the loss, without auxiliary heads in validation. */
  readonly loss: number;
  /** Share of images whose class had the largest logit; with distributions as labels, their largest entry is the class. */
  readonly accuracy: number;
  /** Those that `train` was given, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What happened in one epoch. */
export interface EpochRecord extends Score {
  /** From 0. */
  readonly epoch: number;
  /** Updates of the weights since the beginning. */
  readonly step: number;
  /** Of the last step. */
  readonly learningRate: number;
  /** On the validation set, after the epoch. */
  readonly validation?: Score;
  /** Of training, without validation, checkpoints and interruptions. */
  readonly seconds: number;
}

/** Losses and metrics may be NaN or infinite, such as that of a class without images. */
export const anyNumber = rule<number>('a number', (value) => typeof value === 'number');

const score: OptionRules<Score> = { loss: anyNumber, accuracy: number(0, 1), metrics: mapOf(anyNumber) };

export const epochRules: OptionRules<EpochRecord> = {
  ...score,
  epoch: integer(0),
  step: integer(0),
  learningRate: number(0),
  validation: optional(record(score)),
  seconds: number(0),
};

export const epochRecord = record<EpochRecord>(epochRules);

/** Why a run was asked to stop. */
export type Interruption = 'SIGINT' | 'SIGTERM' | 'abort';

export const interruptionRule = oneOf<Interruption>(['SIGINT', 'SIGTERM', 'abort']);

/** What `train` gives back. */
export interface History {
  /** One record for each whole epoch, those before a resumption included. */
  readonly epochs: readonly EpochRecord[];
  /** Updates of the weights since the beginning. */
  readonly step: number;
  /** Null where the run came to its own end. */
  readonly interrupted: Interruption | null;
  /** Whether early stopping ended it. */
  readonly stoppedEarly: boolean;
  /** The index of the epoch with the best accuracy (or what early stopping watches), or null before the first has ended. */
  readonly bestEpoch: number | null;
  /** The folder of the last checkpoint, or null without checkpoints. */
  readonly checkpoint: string | null;
}
