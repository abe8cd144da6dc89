import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { readCheckpoint } from '../checkpoints/checkpoint.js';
import { type CheckpointStore, openCheckpointStore } from '../checkpoints/checkpoint-store.js';
import {
  dataIdentity,
  lossIdentity,
  type RunIdentity,
  refuseOtherRun,
  runSettings,
} from '../checkpoints/run-identity.js';
import { watchRun } from '../warnings/watch-run.js';
import { defaultAuxiliaryWeight, lossOf } from './backward.js';
import type { Loader } from './batch.js';
import { withConvolutionForms } from './convolution-forms.js';
import type { History } from './history.js';
import { withRecompute } from './recompute.js';
import { withReplicas } from './replicas.js';
import { type RunOptions, type RunStart, run as runEpochs } from './run.js';
import { noSums } from './run-state.js';
import { type CheckpointOptions, checkTrainArguments, type TrainOptions } from './train-options.js';

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
 * if (history.interrupted !== null) console.log(`ended early by ${history.interrupted}`); // with resume: true, the next run continues this one
 */
export async function train(model: LayersModel, loader: Loader, options: TrainOptions): Promise<History> {
  checkTrainArguments(model, loader, options);
  const { checkpoint } = options;
  const store =
    checkpoint === undefined ? null : await openCheckpointStore(checkpoint.folder, checkpoint.keepLast ?? 2);
  try {
    const run: RunOptions = {
      model,
      loader,
      store,
      epochs: options.epochs,
      optimizer: options.optimizer,
      schedule: options.schedule ?? (() => 1),
      loss: lossOf(options),
      auxiliaryWeight: options.auxiliaryWeight ?? defaultAuxiliaryWeight,
      auxiliarySchedule: options.auxiliarySchedule ?? null,
      clipping: options.clipping ?? {},
      accumulate: options.accumulate ?? 1,
      recompute: options.recompute ?? false,
      replicas: options.replicas ?? 1,
      validation: options.validation ?? null,
      watch: watchRun(options.warnings ?? {}, model, loader, options.validation ?? null),
      metrics: options.metrics ?? {},
      averageDecay: options.averageDecay ?? null,
      earlyStopping: options.earlyStopping ?? null,
      everySteps: checkpoint?.everySteps ?? Infinity,
      onEvent: options.onEvent ?? (() => {}),
      abort: options.abort ?? null,
    };
    const start = await startOf(run, options);
    const replicated = () => withReplicas(run.replicas, (threads) => runEpochs(run, start, threads));
    const epochs = () => (run.recompute ? withRecompute(replicated) : replicated());
    return await (start.resumed === null ? epochs() : withConvolutionForms(start.resumed.forms, epochs));
  } finally {
    await store?.close();
  }
}

/** Where the run begins: at its first batch, or where a checkpoint stopped, which is in the model and the optimizer then. */
async function startOf(run: RunOptions, options: TrainOptions): Promise<RunStart> {
  const { model, loader, optimizer, store } = run;
  const { resume = false, allow = [], checkpoint, loss, labelSmoothing = 0 } = options;
  const settings = () => runSettings(run, lossIdentity(loss, labelSmoothing));
  const { batchesPerEpoch } = loader;
  if (resume === false) {
    refuseOldCheckpoints(store, checkpoint);
    return {
      progress: { step: 0, epoch: 0, batch: 0, batchesPerEpoch, learningRate: 0, sums: noSums, history: [] },
      otherWeights: new Map(),
      settings: store === null ? null : settings(),
      data: null,
      changes: [],
      resumed: null,
    };
  }
  const folder = checkpointToResume(store, resume, checkpoint);
  const { training, otherWeights, apply } = await readCheckpoint(folder, model, optimizer);
  const data = await dataOf(loader);
  const now = settings();
  const changes = refuseOtherRun(folder, training.run, { ...now, ...data }, allow);
  const { progress } = training;
  if (progress.batchesPerEpoch !== batchesPerEpoch) {
    const text = `loader has ${batchesPerEpoch} batches in an epoch, had ${progress.batchesPerEpoch}`;
    if (!allow.includes('data') && !allow.includes('batchSize'))
      throw new RangeError(
        `${folder} is of another run: ${text}. Give the same data and batch size, or allow: ['data']`,
      );
    if (progress.batch > 0)
      throw new RangeError(
        `${folder} was saved within an epoch, and ${text}: resume from a checkpoint at the end of one`,
      );
    changes.push(text);
  }
  apply();
  return { progress: { ...progress, batchesPerEpoch }, otherWeights, settings: now, data, changes, resumed: training };
}

/** What the first batch of all says of the data. */
async function dataOf(loader: Loader): Promise<Pick<RunIdentity, 'batchSize' | 'data'>> {
  for await (const batch of loader.epoch(0)) {
    try {
      return await dataIdentity(batch);
    } finally {
      tf.dispose([batch.images, batch.labels]);
    }
  }
  throw new RangeError('loader must have at least one batch in epoch 0, got none');
}

function refuseOldCheckpoints(store: CheckpointStore | null, checkpoint: CheckpointOptions | undefined): void {
  if (store?.newest() != null)
    throw new Error(
      `${checkpoint?.folder} has checkpoints of an earlier run: resume from them with resume: true, or take another folder`,
    );
}

function checkpointToResume(
  store: CheckpointStore | null,
  resume: string | true,
  checkpoint: CheckpointOptions | undefined,
): string {
  const folder = resume === true ? store?.newest() : resume;
  if (folder == null) throw new Error(`${checkpoint?.folder} has no checkpoint to resume from: start without resume`);
  return folder;
}
