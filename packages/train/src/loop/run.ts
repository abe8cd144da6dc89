import { loadStateDict, type StateDict, type StateTensor, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.js';
import { dataIdentity, type RunIdentity, type RunSettings } from '../checkpoints/run-identity.js';
import type { OtherWeightsName } from '../checkpoints/training-file.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import type { Schedule } from '../schedules/schedule.js';
import type { RunWatch } from '../warnings/watch-run.js';
import type { Loss } from './backward.js';
import type { Batch, Loader } from './batch.js';
import { checkBatch } from './check-batch.js';
import { bestEpoch, type EarlyStopping, isExhausted } from './early-stopping.js';
import type { TrainEvent } from './events.js';
import type { GradientClipping } from './gradient-clipping.js';
import type { EpochRecord, History } from './history.js';
import { listenForStop, type StopRequest } from './interruption.js';
import type { Metrics } from './metrics.js';
import type { Replicas } from './replicas.js';
import { addMetrics, meanMetrics, noSums, type Progress } from './run-state.js';
import { TrainingError } from './training-error.js';
import { trainingStep } from './training-step.js';
import { validate } from './validate.js';
import { startAverage, type WeightAverage } from './weight-average.js';

/** `train`'s options with their defaults. */
export interface RunOptions {
  readonly model: LayersModel;
  readonly loader: Loader;
  readonly store: CheckpointStore | null;
  readonly epochs: number;
  readonly optimizer: StatefulOptimizer;
  readonly schedule: Schedule;
  readonly loss: Loss;
  readonly auxiliaryWeight: number;
  readonly auxiliarySchedule: Schedule | null;
  readonly clipping: GradientClipping;
  readonly accumulate: number;
  /** Compute activations again in the backward pass. */
  readonly recompute: boolean;
  /** Parts of a batch that are computed at the same time. */
  readonly replicas: number;
  readonly validation: Loader | null;
  readonly watch: RunWatch;
  readonly metrics: Metrics;
  readonly averageDecay: number | null;
  readonly earlyStopping: EarlyStopping | null;
  readonly everySteps: number;
  readonly onEvent: (event: TrainEvent) => void;
  readonly abort: AbortSignal | null;
}

/** Where a run starts or is resumed. */
export interface RunStart {
  readonly progress: Progress;
  /** From a checkpoint. */
  readonly otherWeights: ReadonlyMap<OtherWeightsName, StateDict>;
  /** Null where no checkpoints are written. */
  readonly settings: RunSettings | null;
  /** Null before the first batch. */
  readonly data: Pick<RunIdentity, 'batchSize' | 'data'> | null;
  /** What is not as it was in the checkpoint. */
  readonly changes: readonly string[];
  /** What the checkpoint says; null where the run begins. */
  readonly resumed: { readonly forms?: string } | null;
}

/** A run under way. */
interface Run extends RunOptions {
  readonly stop: StopRequest;
  /** Null where a batch is computed as a whole. */
  readonly threads: Replicas | null;
  /** The optimizer's learning rate, which the schedule multiplies. */
  readonly learningRate: number;
  readonly average: WeightAverage | null;
  readonly settings: RunSettings | null;
  data: RunStart['data'];
  progress: Progress;
  /** The weights of the best epoch, with early stopping. */
  best: StateDict | undefined;
  /** The last checkpoint's folder. */
  checkpoint: string | null;
  /** Of the last step. */
  measured: { readonly loss: number; readonly gradientNorm: number };
}

/** The loop of `train`. */
export async function run(options: RunOptions, start: RunStart, threads: Replicas | null): Promise<History> {
  const { progress, otherWeights, settings, data, changes } = start;
  const { model, optimizer, epochs, store, onEvent, averageDecay, earlyStopping } = options;
  const average = averageDecay === null ? null : startAverage(model, averageDecay, otherWeights.get('average'));
  const stop = listenForStop(options.abort);
  const { learningRate } = optimizer;
  const best = otherWeights.get('best');
  const checkpoint = store?.newest() ?? null;
  const measured = { loss: 0, gradientNorm: 0 };
  const state: Run = {
    ...options,
    stop,
    threads,
    learningRate,
    average,
    settings,
    data,
    progress,
    best,
    checkpoint,
    measured,
  };
  const goesOn = () => state.progress.epoch < epochs && !isExhausted(state.progress.history, earlyStopping);
  try {
    const { epoch, batch, batchesPerEpoch } = progress;
    onEvent({ type: 'start', epochs, batchesPerEpoch, epoch, batch, ...(changes.length > 0 ? { changes } : {}) });
    await options.watch.begin();
    while (goesOn() && stop.reason === null) {
      await trainEpoch(state);
      if (stop.reason === null) await endEpoch(state);
    }
    const interrupted = goesOn() ? stop.reason : null;
    if (interrupted !== null) {
      // At the end of an epoch there is one already.
      if (state.progress.batch > 0) await save(state);
      onEvent({ type: 'interrupted', reason: interrupted, step: state.progress.step });
    } else if (state.best !== undefined) loadStateDict(model, state.best);
    else average?.apply();
    const { history, step } = state.progress;
    return {
      epochs: history,
      step,
      interrupted,
      stoppedEarly: interrupted === null && state.progress.epoch < epochs,
      bestEpoch: history.length === 0 ? null : bestEpoch(history, earlyStopping ?? {}),
      checkpoint: state.checkpoint,
    };
  } finally {
    optimizer.learningRate = learningRate;
    average?.dispose();
    stop.dispose();
  }
}

/** Trains on the rest of the current epoch's batches, or until the run is to stop. */
async function trainEpoch(state: Run): Promise<void> {
  const { loader, accumulate, stop, everySteps } = state;
  const { epoch, batch } = state.progress;
  let began = performance.now();
  for await (const batches of grouped(loader.epoch(epoch, batch), accumulate)) {
    await trainStep(state, batches, began);
    // Lets signals and timers in.
    await tf.nextFrame();
    if (stop.reason !== null) return;
    if (state.progress.step % everySteps === 0 && state.progress.batch < loader.batchesPerEpoch) await save(state);
    began = performance.now();
  }
  if (state.progress.batch !== loader.batchesPerEpoch)
    throw new RangeError(
      `loader gave ${state.progress.batch} batches in epoch ${epoch}, expected batchesPerEpoch, ${loader.batchesPerEpoch}`,
    );
  state.watch.endEpoch(batch === 0);
}

async function trainStep(state: Run, batches: readonly Batch[], began: number): Promise<void> {
  const { model, optimizer, loader, progress, accumulate, epochs } = state;
  const stepsPerEpoch = Math.ceil(loader.batchesPerEpoch / accumulate);
  const { epoch, history } = progress;
  const step = progress.step + 1;
  const count = batches.reduce((sum, { images }) => sum + images.shape[0], 0);
  const position = { step: step - 1, epoch, history, totalSteps: epochs * stepsPerEpoch, totalEpochs: epochs };
  try {
    const learningRate = state.learningRate * state.schedule(position);
    if (!(learningRate >= 0 && learningRate < Infinity))
      throw new RangeError(
        `schedule must give a factor of at least 0 and finite, got ${learningRate} as the learning rate of step ${step}`,
      );
    const auxiliaryWeight = state.auxiliaryWeight * (state.auxiliarySchedule?.(position) ?? 1);
    if (!(auxiliaryWeight >= 0 && auxiliaryWeight < Infinity))
      throw new RangeError(
        `auxiliarySchedule must give a factor of at least 0 and finite, got ${auxiliaryWeight} as the auxiliary weight of step ${step}`,
      );
    optimizer.learningRate = learningRate;
    for (const batch of batches) {
      await checkBatch(model, batch, 'loader');
      await state.watch.batch(batch);
    }
    const [first] = batches;
    if (state.store !== null && first !== undefined) state.data ??= await dataIdentity(first);
    const afterUpdate = () => state.average?.update(step);
    const measures = await trainingStep(model, optimizer, batches, {
      ...state,
      replicas: state.threads,
      auxiliaryWeight,
      afterUpdate,
    });
    const { loss, correct, gradientNorm, metrics } = measures;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw new TrainingError({ step, learningRate, loss, gradientNorm, checkpoint: state.checkpoint });
    state.measured = measures;
    state.watch.step(loss, step, learningRate);
    const milliseconds = performance.now() - began;
    const sums = {
      loss: progress.sums.loss + loss * count,
      correct: progress.sums.correct + correct,
      metrics: addMetrics(progress.sums.metrics, metrics, count),
      count: progress.sums.count + count,
      seconds: progress.sums.seconds + milliseconds / 1000,
    };
    const batch = batches.reduce((place, { nextBatch = place + 1 }) => nextBatch, progress.batch);
    state.progress = { ...progress, step, batch, learningRate, sums };
    state.onEvent({
      type: 'step',
      step,
      epoch,
      batch,
      count,
      loss,
      accuracy: correct / count,
      metrics,
      epochLoss: sums.loss / sums.count,
      epochAccuracy: sums.correct / sums.count,
      learningRate,
      gradientNorm,
      milliseconds,
    });
  } finally {
    for (const { images, labels } of batches) tf.dispose([images, labels]);
  }
}

/** Validates, records the epoch and writes a checkpoint; nothing of it where the run is to stop during validation. */
async function endEpoch(state: Run): Promise<void> {
  const { model, validation, loss, metrics, stop, average, earlyStopping } = state;
  const inAverage = <T>(use: () => Promise<T>) => (average === null ? use() : average.during(use));
  const stopped = () => stop.reason !== null;
  const score = validation === null ? null : await inAverage(() => validate(model, validation, loss, metrics, stopped));
  if (validation !== null && score === null) return;
  const { sums, step, epoch, learningRate, history } = state.progress;
  const record: EpochRecord = {
    epoch,
    step,
    loss: sums.loss / sums.count,
    accuracy: sums.correct / sums.count,
    metrics: meanMetrics(sums.metrics, sums.count),
    learningRate,
    ...(score === null ? {} : { validation: score }),
    seconds: sums.seconds,
  };
  state.progress = { ...state.progress, epoch: epoch + 1, batch: 0, sums: noSums, history: [...history, record] };
  const isBest = bestEpoch(state.progress.history, earlyStopping ?? {}) === history.length;
  if (earlyStopping !== null && isBest) state.best = average === null ? stateDict(model) : average.stateDict();
  state.onEvent({ type: 'epoch', ...record });
  await save(state, isBest);
}

async function save(state: Run, isBest = false): Promise<void> {
  const { store, model, optimizer, progress, average, best, settings, data } = state;
  // Before the first batch there is nothing to save.
  if (store === null || settings === null || data === null) return;
  const { step, learningRate } = progress;
  const weights = stateDict(model);
  if (![...weights.values()].every(hasFiniteValues))
    throw new TrainingError({ step, learningRate, ...state.measured, checkpoint: state.checkpoint });
  const otherWeights = new Map<OtherWeightsName, StateDict>();
  if (average !== null) otherWeights.set('average', average.stateDict());
  if (best !== undefined) otherWeights.set('best', best);
  state.checkpoint = await store.save(
    { model, weights, optimizer, run: { ...settings, ...data }, progress, otherWeights },
    isBest,
  );
  state.onEvent({ type: 'checkpoint', path: state.checkpoint, step });
}

function hasFiniteValues({ data }: StateTensor): boolean {
  return !(data instanceof Float32Array) || data.every((value) => Number.isFinite(value));
}

/** Batches in groups of `size`, the last one smaller where they do not divide. */
async function* grouped(batches: AsyncIterable<Batch>, size: number): AsyncGenerator<Batch[], void, undefined> {
  let group: Batch[] = [];
  try {
    for await (const batch of batches) {
      group.push(batch);
      if (group.length < size) continue;
      const full = group;
      group = [];
      yield full;
    }
    const rest = group;
    group = [];
    if (rest.length > 0) yield rest;
  } finally {
    // Loaded, but never handed on: the loader failed, or the loop was left.
    for (const { images, labels } of group) tf.dispose([images, labels]);
  }
}
