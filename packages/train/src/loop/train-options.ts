import {
  abortSignal,
  boolean,
  callable,
  check,
  checkOptions,
  either,
  integer,
  layersModel,
  listOf,
  number,
  type OptionRules,
  oneOf,
  optional,
  record,
  rule,
  string,
} from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type RunDifference, runDifferences } from '../checkpoints/run-identity.js';
import { mapOf } from '../map-of.js';
import { optimizerRule, type StatefulOptimizer } from '../optimizers/optimizer.js';
import { type Schedule, scheduleRule } from '../schedules/schedule.js';
import { type TrainWarnings, warningsRule } from '../warnings/mistakes.js';
import type { Loss } from './backward.js';
import { type Loader, loaderRule } from './batch.js';
import { type EarlyStopping, earlyStoppingRule } from './early-stopping.js';
import type { TrainEvent } from './events.js';
import { clippingRule, type GradientClipping } from './gradient-clipping.js';
import type { Metric, Metrics } from './metrics.js';
import { requireRecompute } from './recompute.js';
import { refuseSoftmax } from './refuse-softmax.js';
import { requireReplicas } from './replicas.js';

/** What `train` writes down of a run, so that it can be resumed. */
export interface CheckpointOptions {
  /** Where checkpoints are. One run at a time has it; it is made where it is missing. */
  readonly folder: string;
  /** Also one each time after this number of steps. Default: after each epoch only, and where a run is interrupted. */
  readonly everySteps?: number;
  /** How many of the newest are kept; the best by validation (or, without one, training) accuracy is kept besides. Default 2. */
  readonly keepLast?: number;
}

/** The options of `train`. */
export interface TrainOptions {
  /** Epochs in the whole run, those before a resumption included. */
  readonly epochs: number;
  /** One of this package's, made for this model. */
  readonly optimizer: StatefulOptimizer;
  /** Factor on the optimizer's learning rate. Default: 1 throughout. */
  readonly schedule?: Schedule;
  /** Loss of one head. Default: cross-entropy on logits, smoothed by `labelSmoothing`. */
  readonly loss?: Loss;
  /** For the default loss, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
  /** How much the loss of each auxiliary head counts. Default 0.3. */
  readonly auxiliaryWeight?: number;
  /** Factor on `auxiliaryWeight`, such as `polynomialDecay()` for heads that only begin the training. Default: 1 throughout. */
  readonly auxiliarySchedule?: Schedule;
  /** Limits of the gradients. Default: none. */
  readonly clipping?: GradientClipping;
  /** Batches of the loader in one step; their gradients are averaged. Default 1. */
  readonly accumulate?: number;
  /**
   * Of the forward pass, keep few activations and compute the others again in the backward pass (Chen et al. 2016). The process took 0.73 of the
   * memory with ResNet-50 at batch 8 and 0.84 with Inception-v3 at batch 32, for the time of up to another forward pass. Needs the backend `onnx`, on the
   * processor. Default false.
   */
  readonly recompute?: boolean;
  /**
   * Parts of each batch that are computed at the same time, each in a thread of its own with its share of the processors. Gradients are added up
   * in the parts' order, so that a run has the same bits each time. As in PyTorch's DistributedDataParallel, batch norm sees one part: a part should have 32 images or
   * more, and has at least two. It is for many small images, and for machines with more processors than one graph can use: compare the events' `milliseconds`. Needs the
   * backend `onnx`, on the processor. Default 1.
   */
  readonly replicas?: number;
  /** Further figures of the main head, in training and validation. */
  readonly metrics?: Metrics;
  /** Images to validate on after each epoch. */
  readonly validation?: Loader;
  /**
   * Keep an exponential moving average of the weights, which forgets at this rate, such as 0.9999. Validation is done with it, and
   * the model has it when the run has come to its end. Default: none.
   */
  readonly averageDecay?: number;
  /** End the run when validation no longer gets better. The model then has the weights of the best epoch. Default: never. */
  readonly earlyStopping?: EarlyStopping;
  /** Default: no checkpoints. */
  readonly checkpoint?: CheckpointOptions;
  /**
   * Resume from the newest checkpoint (true) or the one in this folder. A run that would be another one, by its options, its data or the
   * version of this package, is refused. Default false.
   */
  readonly resume?: boolean | string;
  /** What may differ from the run that is resumed, such as `['learningRate']`. The event `start` says what does. Default: nothing. */
  readonly allow?: readonly RunDifference[];
  /** Told of each step, epoch and checkpoint. What it throws ends the run. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the run after the current step, as SIGINT does. */
  readonly abort?: AbortSignal;
  /**
   * What to warn of on the console, once each: `{ pixelRange: false }` switches that warning off, false all of them. Default: all
   * of {@link TrainWarnings}.
   */
  readonly warnings?: false | TrainWarnings;
}

const trainRules: OptionRules<TrainOptions> = {
  epochs: integer(1),
  optimizer: optimizerRule,
  schedule: optional(scheduleRule),
  loss: optional(callable<Loss>('a function of labels and logits')),
  labelSmoothing: optional(number(0, 1)),
  auxiliaryWeight: optional(number(0)),
  auxiliarySchedule: optional(scheduleRule),
  clipping: optional(clippingRule),
  accumulate: optional(integer(1)),
  recompute: optional(boolean),
  replicas: optional(integer(1)),
  metrics: optional(mapOf(callable<Metric>('a function of labels and logits'))),
  validation: optional(loaderRule),
  averageDecay: optional(
    rule<number>(
      'a number above 0 and below 1',
      (value) => typeof value === 'number',
      (value) => value > 0 && value < 1,
    ),
  ),
  earlyStopping: optional(earlyStoppingRule),
  checkpoint: optional(
    record<CheckpointOptions>({
      folder: string('the path of a folder'),
      everySteps: optional(integer(1)),
      keepLast: optional(integer(1)),
    }),
  ),
  resume: optional(either(boolean, string('the path of a checkpoint'))),
  allow: optional(listOf(oneOf(runDifferences))),
  onEvent: optional(callable<(event: TrainEvent) => void>('a function of the event')),
  abort: optional(abortSignal),
  warnings: optional(warningsRule),
};

/** @throws TypeError or RangeError naming the argument or option of `train` that is wrong, before any work */
export function checkTrainArguments(model: LayersModel, loader: Loader, options: TrainOptions): void {
  check('model', model, layersModel<LayersModel>());
  check('loader', loader, loaderRule);
  const {
    loss,
    labelSmoothing,
    earlyStopping,
    validation,
    checkpoint,
    recompute,
    replicas = 1,
    resume,
  } = checkOptions('train', options, trainRules);
  if (loss !== undefined && labelSmoothing !== undefined)
    throw new TypeError('labelSmoothing is for the default loss: smooth the labels in your own loss');
  if (earlyStopping !== undefined && validation === undefined)
    throw new TypeError('earlyStopping watches validation, which is missing');
  if (resume === true && checkpoint === undefined)
    throw new TypeError('resume: true resumes from checkpoint.folder, which is missing');
  if (model.trainableWeights.length === 0)
    throw new TypeError(`model '${model.name}' has nothing to train: all is frozen`);
  if (loss === undefined) refuseSoftmax(model);
  if (recompute === true) requireRecompute();
  if (replicas > 1) requireReplicas();
}
