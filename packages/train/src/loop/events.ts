import { faultOf, integer, listOf, number, optional, type Rule, record, string } from '@cnnzoo/checks';
import { mapOf } from '../map-of.js';
import { anyNumber, type EpochRecord, epochRules, type Interruption, interruptionRule } from './history.js';

/** What `train` tells while it runs. */
export type TrainEvent =
  | {
      readonly type: 'start';
      readonly epochs: number;
      readonly batchesPerEpoch: number;
      /** The first batch to come, later than 0 and 0 where a run is resumed. */
      readonly epoch: number;
      readonly batch: number;
      /** What is not as it was when the run that is resumed was saved, and was allowed to be, as sentences. Left out where nothing is. */
      readonly changes?: readonly string[];
    }
  | ({ readonly type: 'step' } & StepRecord)
  | ({ readonly type: 'epoch' } & EpochRecord)
  | { readonly type: 'checkpoint'; readonly path: string; readonly step: number }
  | { readonly type: 'interrupted'; readonly reason: Interruption; readonly step: number };

/** One update of the weights. */
export interface StepRecord {
  /** Updates of the weights since the beginning, this one included. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** Batches of the epoch that are done: trained on, or left out by the loader. */
  readonly batch: number;
  /** Images in this step. */
  readonly count: number;
  /** Mean over this step's images. */
  readonly loss: number;
  readonly accuracy: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Means over the epoch so far. */
  readonly epochLoss: number;
  readonly epochAccuracy: number;
  readonly learningRate: number;
  /** L2 norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** From the last update to this one, loading the batch included. */
  readonly milliseconds: number;
}

type EventOf<Type extends TrainEvent['type']> = Extract<TrainEvent, { readonly type: Type }>;

const count = integer(0);

const eventRules = {
  start: record<Omit<EventOf<'start'>, 'type'>>({
    epochs: count,
    batchesPerEpoch: count,
    epoch: count,
    batch: count,
    changes: optional(listOf(string())),
  }),
  step: record<StepRecord>({
    step: count,
    epoch: count,
    batch: count,
    count,
    loss: anyNumber,
    accuracy: anyNumber,
    metrics: mapOf(anyNumber),
    epochLoss: anyNumber,
    epochAccuracy: anyNumber,
    learningRate: anyNumber,
    gradientNorm: anyNumber,
    milliseconds: number(0),
  }),
  epoch: record<EpochRecord>(epochRules),
  checkpoint: record<Omit<EventOf<'checkpoint'>, 'type'>>({ path: string(), step: count }),
  interrupted: record<Omit<EventOf<'interrupted'>, 'type'>>({ reason: interruptionRule, step: count }),
};

const expected = "an event of train, of type 'start', 'step', 'epoch', 'checkpoint' or 'interrupted'";

/** What a listener is told. */
export const trainEvent: Rule<TrainEvent> = {
  expected,
  fault(name, value) {
    const { type, ...rest } = Object(value) as Partial<TrainEvent>;
    return typeof type === 'string' && Object.hasOwn(eventRules, type)
      ? eventRules[type].fault(name, rest)
      : faultOf(TypeError, name, expected, value);
  },
};
