import { crossEntropy } from '@cnnzoo/losses';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { readCheckpoint } from '../checkpoints/checkpoint.js';
import { type CheckpointStore, openCheckpointStore } from '../checkpoints/checkpoint-store.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import type { Schedule } from '../schedules/schedule.js';
import type { Loader } from './batch.js';
import { checkEarlyStopping, type EarlyStopping } from './early-stopping.js';
import type { TrainEvent } from './events.js';
import { checkClipping, type GradientClipping } from './gradient-clipping.js';
import type { History } from './history.js';
import type { Metrics } from './metrics.js';
import { refuseSoftmax } from './refuse-softmax.js';
import { type RunStart, run } from './run.js';
import { noSums } from './run-state.js';
import type { Loss } from './training-step.js';

/** What `train` writes down of a run, so that it can be resumed. */
export interface CheckpointOptions {
  /** Where checkpoints are; made when the first is written. */
  readonly folder: string;
  /** Also one after every so many steps. Default: after each epoch only, and where a run is interrupted. */
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
  /** Limits of the gradients. Default: none. */
  readonly clipping?: GradientClipping;
  /** Batches of the loader in one step; their gradients are averaged. Default 1. */
  readonly accumulate?: number;
  /** Further figures of the main head, in training and validation. */
  readonly metrics?: Metrics;
  /** Pictures to validate on after each epoch. */
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
  /** Go on from the newest checkpoint (true) or the one in this folder. Default false. */
  readonly resume?: boolean | string;
  /** Told of each step, epoch and checkpoint. What it throws ends the run. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the run after the current step, as SIGINT does. */
  readonly abort?: AbortSignal;
}

/**
 * Trains a model: forward, backward and update for each batch of a loader, epoch by epoch.
 *
 * SIGINT (Ctrl-C), SIGTERM and `abort` end it after the current step, with a checkpoint if those are written; a second signal ends
 * the process at once. A run that resumes gives the same weights, bit for bit on the same backend, as one that was not interrupted.
 *
 * @param model a layers model with one input; its first output are the logits [count, classes], others are auxiliary heads
 * @param loader gives the batches, such as a DataLoader of @cnnzoo/data
 * @returns what happened, epoch by epoch
 * @throws TypeError or RangeError naming the option that is wrong, or the batch that does not fit the model
 * @throws TrainingError where the loss or a gradient is no longer finite, or a weight at a checkpoint; those from before stay
 * @example
 * import { sgd, train } from '@cnnzoo/train';
 *
 * const history = await train(model, loader, {
 *   epochs: 3,
 *   optimizer: sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 }),
 *   checkpoint: { folder: 'runs/lenet' },
 *   onEvent: (event) => { if (event.type === 'epoch') console.log(event.epoch, event.loss, event.accuracy); },
 * });
 */
export async function train(model: LayersModel, loader: Loader, options: TrainOptions): Promise<History> {
  checkOptions(model, loader, options);
  const { checkpoint, resume = false, labelSmoothing = 0 } = options;
  const store =
    checkpoint === undefined ? null : await openCheckpointStore(checkpoint.folder, checkpoint.keepLast ?? 2);
  const { batchesPerEpoch } = loader;
  let start: RunStart = {
    progress: { step: 0, epoch: 0, batch: 0, batchesPerEpoch, learningRate: 0, sums: noSums, history: [] },
    otherWeights: new Map(),
  };
  if (resume === false) refuseOldCheckpoints(store, checkpoint);
  else {
    const folder = checkpointToResume(store, resume, checkpoint);
    start = await readCheckpoint(folder, model, options.optimizer, batchesPerEpoch);
  }
  return run(
    {
      model,
      loader,
      store,
      epochs: options.epochs,
      optimizer: options.optimizer,
      schedule: options.schedule ?? (() => 1),
      loss: options.loss ?? ((labels, logits) => crossEntropy(labels, logits, { labelSmoothing })),
      auxiliaryWeight: options.auxiliaryWeight ?? 0.3,
      clipping: options.clipping ?? {},
      accumulate: options.accumulate ?? 1,
      validation: options.validation ?? null,
      metrics: options.metrics ?? {},
      averageDecay: options.averageDecay ?? null,
      earlyStopping: options.earlyStopping ?? null,
      everySteps: checkpoint?.everySteps ?? Infinity,
      onEvent: options.onEvent ?? (() => {}),
      abort: options.abort ?? null,
    },
    start,
  );
}

function checkOptions(model: LayersModel, loader: Loader, options: TrainOptions): void {
  const { epochs, optimizer, loss, labelSmoothing, auxiliaryWeight = 0, clipping = {}, accumulate = 1 } = options;
  const { checkpoint, resume } = options;
  const atLeastOne = (name: string, value: number) => {
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number of at least 1, got ${value}`);
  };
  atLeastOne('epochs', epochs);
  atLeastOne('accumulate', accumulate);
  atLeastOne('checkpoint.keepLast', checkpoint?.keepLast ?? 1);
  atLeastOne('checkpoint.everySteps', checkpoint?.everySteps ?? 1);
  atLeastOne('loader.batchesPerEpoch', loader.batchesPerEpoch);
  // Not instanceof: tfjs makes that true for every optimizer, and a package may be there twice.
  if (!('restoreSlots' in optimizer))
    throw new TypeError(
      'optimizer must be one of @cnnzoo/train, such as sgd({ learningRate: 0.1 }): its state is saved',
    );
  if (loss !== undefined && labelSmoothing !== undefined)
    throw new TypeError('labelSmoothing is for the default loss: smooth the labels in your own loss');
  if (labelSmoothing !== undefined && !(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new RangeError(`labelSmoothing must be from 0 to 1, got ${labelSmoothing}`);
  if (!(auxiliaryWeight >= 0 && auxiliaryWeight < Infinity))
    throw new RangeError(`auxiliaryWeight must be at least 0 and finite, got ${auxiliaryWeight}`);
  checkClipping(clipping);
  if (options.earlyStopping !== undefined) {
    checkEarlyStopping(options.earlyStopping);
    if (options.validation === undefined) throw new TypeError('earlyStopping watches validation, which is missing');
  }
  if (resume === true && checkpoint === undefined)
    throw new TypeError('resume: true goes on from checkpoint.folder, which is missing');
  if (model.trainableWeights.length === 0)
    throw new TypeError(`model '${model.name}' has nothing to train: all is frozen`);
  if (loss === undefined) refuseSoftmax(model);
}

function refuseOldCheckpoints(store: CheckpointStore | null, checkpoint: CheckpointOptions | undefined): void {
  if (store?.newest() != null)
    throw new Error(
      `${checkpoint?.folder} has checkpoints of an earlier run: go on from them with resume: true, or take another folder`,
    );
}

function checkpointToResume(
  store: CheckpointStore | null,
  resume: string | true,
  checkpoint: CheckpointOptions | undefined,
): string {
  const folder = resume === true ? store?.newest() : resume;
  if (folder == null) throw new Error(`${checkpoint?.folder} has no checkpoint to go on from: start without resume`);
  return folder;
}
