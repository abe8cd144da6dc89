import { checkFewOptions, optional, positive } from '@cnnzoo/checks';
import { tunedFor, writeWinners } from '../engine/winners-file.js';
import type { FormQuestion } from '../graph/forms.js';
import { onnxBackend } from '../register-backend.js';
import { fastestForm } from './measure-forms.js';

/** Options of `tuneTraining`. */
export interface TuneTrainingOptions {
  /** Seconds after which no further convolution is measured. Default 40. */
  readonly seconds?: number;
}

/** What `tuneTraining` has found. */
export interface TrainingTuning {
  /** Convolutions and gradients, of different shapes, that were measured. */
  readonly measured: number;
  /** Those of them for which another form was clearly faster than the one chosen by a rule. */
  readonly faster: number;
  /** Whether the whole step was faster with them: they are in use then, and in the file. */
  readonly kept: boolean;
  /** Milliseconds of a step before, the median of a few. */
  readonly before: number;
  /** The same with the faster forms, in turns with the steps before. */
  readonly after: number;
  /** Seconds that all of it took. */
  readonly seconds: number;
  /** The path of the file of winners for this processor, null where nothing was kept. */
  readonly file: string | null;
}

/** Pairs of steps that are compared at the end. */
const pairs = 5;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * Finds out which forms of its convolutions make a training step fastest on this processor. The forms of each convolution and of its two gradients are timed in
 * turns; those that are clearly faster than what the engine's rules choose are then tried in the whole step, and kept only if that is faster, too. They are written
 * to a file in the cache folder, which later processes on such a processor, with as many threads and the same versions, take by themselves.
 *
 * @param step does one training step and reads its loss, as a loop does it; it is called about 14 times, and trains
 * @param options.seconds seconds after which no further convolution is measured
 * @returns what was measured, and a step's time before and after
 * @throws TypeError where `step` is no function, or the backend is not on the processor
 * @example
 * import { registerOnnxBackend, tuneTraining } from '@cnnzoo/backend-onnx';
 * import { sgd, updateWeights } from '@cnnzoo/train';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * registerOnnxBackend();
 * await tf.setBackend('onnx');
 * const optimizer = sgd({ learningRate: 1e-6 });
 * const batch = { images: tf.randomNormal<tf.Rank.R4>([8, 224, 224, 3]), labels: tf.zeros<tf.Rank.R1>([8], 'int32') };
 * const { before, after } = await tuneTraining(async () => {
 *   const measures = updateWeights(model, optimizer, batch);
 *   await measures.loss.data();
 *   tf.dispose(measures);
 * });
 * console.log(`${before.toFixed(1)} ms a step before, ${after.toFixed(1)} after`);
 */
export async function tuneTraining(
  step: () => Promise<unknown>,
  options: TuneTrainingOptions = {},
): Promise<TrainingTuning> {
  if (typeof step !== 'function') throw new TypeError('step must be a function that does one training step');
  const { seconds = 40 } = checkFewOptions<TuneTrainingOptions>('tuneTraining', options, {
    seconds: optional(positive),
  });
  const start = performance.now();
  const { engine } = onnxBackend();
  if (engine.runtime.createDeviceSession !== null)
    throw new TypeError("tuneTraining: the backend 'onnx' is on another device; register it with device: 'cpu'");
  const known = engine.sessions.winners;
  const questions = new Map<string, FormQuestion>();
  // A step that was compiled before asks nothing.
  engine.sessions.forget();
  engine.sessions.onFormQuestion = (question) => questions.set(question.key, question);
  try {
    // The second step finds the weights as the first has stored them.
    await step();
    await step();
  } finally {
    engine.sessions.onFormQuestion = () => {};
  }
  const open = [...questions.values()]
    .filter(({ key, possible }) => possible.length > 1 && !known.has(key))
    .sort((a, b) => b.operations - a.operations);
  const winners = new Map(known);
  let measured = 0;
  for (const question of open) {
    if (performance.now() - start > 1000 * seconds) break;
    const form = fastestForm(engine.runtime, engine.threads, question);
    if (form !== null) winners.set(question.key, form);
    measured++;
    // Timers, signals and servers of this thread have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const faster = winners.size - known.size;
  const times = { before: [] as number[], after: [] as number[] };
  const timed = async (which: keyof typeof times) => {
    engine.sessions.winners = which === 'before' ? known : winners;
    const began = performance.now();
    await step();
    times[which].push(performance.now() - began);
  };
  let kept = false;
  try {
    if (faster > 0) {
      await timed('after');
      times.after.pop();
      for (let pair = 0; pair < pairs; pair++)
        for (const which of pair % 2 === 0 ? (['before', 'after'] as const) : (['after', 'before'] as const))
          await timed(which);
    } else for (let i = 0; i < pairs; i++) await timed('before');
    kept = faster > 0 && median(times.after) < median(times.before);
  } finally {
    engine.sessions.winners = kept ? winners : known;
  }
  const before = median(times.before);
  return {
    measured,
    faster,
    kept,
    before,
    after: faster > 0 ? median(times.after) : before,
    file: kept ? await writeWinners(tunedFor(engine.threads, engine.graphOptions.block), winners) : null,
    seconds: (performance.now() - start) / 1000,
  };
}
