/** How long a network takes on tfjs's current backend, as the median of many runs. */
import { freeze } from '@cnnzoo/backend-onnx';
import { sgd, train } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface Measurement {
  readonly batch: number;
  /** The median of a run: a prediction, or a step. */
  readonly milliseconds: number;
  readonly imagesPerSecond: number;
  readonly runs: number;
}

interface MeasuringTime {
  readonly milliseconds: number;
  readonly fewestRuns: number;
}

/** Runs before the first that counts: the first one compiles. */
const warmUps = 2;

export async function measurePrediction(model: LayersModel, batch: number, time: MeasuringTime): Promise<Measurement> {
  const shape = imageShape(model);
  const frozen = await freeze(model, { batchSize: batch });
  try {
    const images = Float32Array.from({ length: batch * product(shape) }, () => Math.random() - 0.5);
    const durations: number[] = [];
    const began = performance.now();
    for (let run = 0; durations.length < time.fewestRuns || performance.now() - began < time.milliseconds; run++) {
      const start = performance.now();
      await frozen.run(images);
      if (run >= warmUps) durations.push(performance.now() - start);
    }
    return measurement(batch, durations);
  } finally {
    await frozen.dispose();
  }
}

export async function measureTraining(model: LayersModel, batch: number, time: MeasuringTime): Promise<Measurement> {
  const shape = imageShape(model);
  const classes = model.outputs[0]?.shape.at(-1) ?? 1;
  const durations: number[] = [];
  const stop = new AbortController();
  const began = performance.now();
  let step = 0;
  const batchOf = () => ({
    images: tf.randomNormal<tf.Rank.R4>([batch, ...shape]),
    labels: tf.randomUniform<tf.Rank.R1>([batch], 0, classes, 'int32'),
  });
  await train(
    model,
    {
      batchesPerEpoch: 1_000_000,
      async *epoch() {
        while (!stop.signal.aborted) yield batchOf();
      },
    },
    {
      epochs: 1,
      // So small that random images lead nowhere in the time of a measurement.
      optimizer: sgd({ learningRate: 1e-6, momentum: 0.9 }),
      abort: stop.signal,
      onEvent(event) {
        if (event.type !== 'step') return;
        if (step++ >= warmUps) durations.push(event.milliseconds);
        if (durations.length >= time.fewestRuns && performance.now() - began >= time.milliseconds) stop.abort();
      },
    },
  );
  return measurement(batch, durations);
}

function measurement(batch: number, durations: readonly number[]): Measurement {
  const milliseconds = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? Number.NaN;
  return { batch, milliseconds, imagesPerSecond: (1000 * batch) / milliseconds, runs: durations.length };
}

export function imageShape(model: LayersModel): [number, number, number] {
  const [, height, width, channels] = model.inputs[0]?.shape ?? [];
  if (typeof height !== 'number' || typeof width !== 'number' || typeof channels !== 'number')
    throw new RangeError(`model '${model.name}' takes images of any size: it cannot be measured`);
  return [height, width, channels];
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
