/** Batches in parts: what is computed at the same time is what is computed one part after the other. */
import '@tensorflow/tfjs-backend-cpu';
import { engineStats, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { crossEntropy, topKAccuracy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { freezeLayers } from '../fine-tuning/layer-choice.js';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { sgd } from '../optimizers/sgd.js';
import type { Loss } from './backward.js';
import type { Batch, Loader } from './batch.js';
import { splitBatch } from './parts.js';
import type { Replicas } from './replicas.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';
import { trainingStep } from './training-step.js';

registerOnnxBackend({ threads: 2 });
beforeEach(async () => {
  await tf.setBackend('onnx');
});

test('a batch is split into parts as equal as they can be, in its order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 2, max: 8 }), (count, parts) => {
      const batch: Batch = {
        images: tf.tensor4d(
          Float32Array.from({ length: 2 * count }, (_, i) => i),
          [count, 1, 2, 1],
        ),
        labels: tf.tensor1d(
          Int32Array.from({ length: count }, (_, i) => i),
          'int32',
        ),
      };
      const split = splitBatch(batch, parts);
      const sizes = split.map(({ images }) => images.shape[0]);
      // A part of one image would have no variance.
      expect(sizes).toHaveLength(Math.max(1, Math.min(parts, Math.floor(count / 2))));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(Math.min(2, count));
      expect(split.flatMap(({ labels }) => [...labels.dataSync()])).toEqual([...batch.labels.dataSync()]);
      expect(split.flatMap(({ images }) => [...images.dataSync()])).toEqual([...batch.images.dataSync()]);
      tf.dispose([batch.images, batch.labels, ...split.flatMap(({ images, labels }) => [images, labels])]);
    }),
  );
});

/** Parts one after the other, each recorded by itself. */
const inTurns = (count: number): Replicas => ({
  count,
  begin() {},
  repeat: () => null,
  start() {},
  finish: async () => {},
});

/** Two heads, with and without state, and a penalty of a weight. */
function network(withState: boolean): tfl.LayersModel {
  if (withState) return tinyModel();
  const input = tfl.input({ shape: [4, 4, 1] });
  const seeded = (seed: number) => tfl.initializers.randomNormal({ mean: 0, stddev: 0.4, seed });
  const features = tfl.layers
    .conv2d({ filters: 3, kernelSize: 3, activation: 'relu', kernelInitializer: seeded(1), kernelRegularizer: 'l1l2' })
    .apply(input) as tfl.SymbolicTensor;
  const flat = tfl.layers.flatten().apply(features) as tfl.SymbolicTensor;
  const head = (name: string, seed: number) =>
    tfl.layers.dense({ units: 2, name, kernelInitializer: seeded(seed) }).apply(flat) as tfl.SymbolicTensor;
  const serial = tf.tensor1d([0]).id;
  return tfl.model({ inputs: input, outputs: [head(`main${serial}`, 2), head(`auxiliary${serial}`, 3)] });
}

interface Case {
  /** Images in each batch. */
  readonly sizes: readonly number[];
  readonly soft: boolean;
  readonly accumulate: number;
  readonly clips: boolean;
}

/** Batches of these sizes, as a loader. */
function loaderOf({ sizes, soft }: Pick<Case, 'sizes' | 'soft'>): Loader {
  return {
    batchesPerEpoch: sizes.length,
    async *epoch() {
      for (const [i, size] of sizes.entries()) {
        for await (const { images, labels } of tinyLoader(1, size, i).epoch(0)) {
          if (!soft) yield { images, labels };
          else {
            const smooth = tf.tidy(() => tf.add(tf.mul(tf.oneHot(labels, 2), 0.8), 0.1)) as tf.Tensor2D;
            labels.dispose();
            yield { images, labels: smooth };
          }
        }
      }
    },
  };
}

const loss: Loss = (labels, logits) => crossEntropy(labels, logits);

/** Weights and losses of a run by hand, on tfjs's cpu backend. */
async function reference(count: number, withState: boolean, { sizes, soft, accumulate, clips }: Case) {
  await tf.setBackend('cpu');
  const model = network(withState);
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  const batches: Batch[] = [];
  for await (const batch of loaderOf({ sizes, soft }).epoch(0)) batches.push(batch);
  const losses: number[] = [];
  while (batches.length > 0) {
    const step = batches.splice(0, accumulate);
    const measures = await trainingStep(model, optimizer, step, {
      loss,
      auxiliaryWeight: 0.3,
      metrics: {},
      clipping: clips ? { norm: 0.5 } : {},
      afterUpdate: () => {},
      replicas: count === 1 ? null : inTurns(count),
    });
    losses.push(measures.loss);
    for (const { images, labels } of step) tf.dispose([images, labels]);
  }
  const weights = allWeights(model);
  model.dispose();
  optimizer.dispose();
  await tf.setBackend('onnx');
  return { weights, losses };
}

async function run(count: number, withState: boolean, { sizes, soft, accumulate, clips }: Case) {
  const model = network(withState);
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  const losses: number[] = [];
  const before = tf.memory().numTensors;
  await train(model, loaderOf({ sizes, soft }), {
    epochs: 1,
    optimizer,
    loss,
    accumulate,
    ...(clips ? { clipping: { norm: 0.5 } } : {}),
    replicas: count,
    warnings: false,
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
    },
  });
  const weights = allWeights(model);
  // The optimizer's moments, and nothing else.
  expect(tf.memory().numTensors - before).toBe(model.trainableWeights.length);
  model.dispose();
  optimizer.dispose();
  return { weights, losses };
}

const drawn = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
  soft: fc.boolean(),
  accumulate: fc.integer({ min: 1, max: 2 }),
  clips: fc.boolean(),
});

/** Largest difference of two lists of numbers, and the largest number. */
function expectClose(actual: readonly number[], expected: readonly number[], relative: number): void {
  expect(actual).toHaveLength(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))));
  expect(difference / largest).toBeLessThan(relative);
}

describe('a run in parts', () => {
  test('gives what the parts give one after the other, with batch norm and dropout', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer({ min: 2, max: 3 }), async (drawnCase, count) => {
        const [actual, expected] = [await run(count, true, drawnCase), await reference(count, true, drawnCase)];
        expectClose(actual.losses, expected.losses, 1e-4);
        expectClose(actual.weights, expected.weights, 1e-3);
      }),
      { numRuns: 12 },
    );
  });

  test('gives what whole batches give where images do not see each other', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer({ min: 2, max: 3 }), async (drawnCase, count) => {
        const [actual, expected] = [await run(count, false, drawnCase), await reference(1, false, drawnCase)];
        expectClose(actual.losses, expected.losses, 1e-4);
        expectClose(actual.weights, expected.weights, 1e-3);
      }),
      { numRuns: 12 },
    );
  });

  test('has other threads compute all parts but one, and the same bits each time', async () => {
    const batches = { sizes: [8, 8, 8, 8, 8], soft: false, accumulate: 1, clips: false };
    const { elsewhere } = engineStats();
    const first = await run(4, true, batches);
    expect(engineStats().elsewhere - elsewhere).toBe(5 * 3);
    for (let i = 0; i < 3; i++) expect(await run(4, true, batches)).toEqual(first);
  });
});

/** A run of the tiny network. */
async function tinyRun(options: Partial<TrainOptions>, model = tinyModel()) {
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
  try {
    return await train(model, tinyLoader(4, 8), { epochs: 1, optimizer, replicas: 2, warnings: false, ...options });
  } finally {
    optimizer.dispose();
  }
}

test('the loss is recorded once for all parts of a batch, unless it reads numbers or draws them for each image', async () => {
  const calls = async (each: Loss, model: tfl.LayersModel) => {
    let count = 0;
    await tinyRun(
      {
        loss: (labels, logits) => {
          count++;
          return each(labels, logits);
        },
      },
      model,
    );
    model.dispose();
    return count;
  };
  // Without dropout, whose masks are drawn for each image, and with one head.
  const model = () => {
    const made = tfl.sequential();
    made.add(tfl.layers.flatten({ inputShape: [4, 4, 1] }));
    made.add(tfl.layers.batchNormalization());
    made.add(tfl.layers.dense({ units: 2 }));
    return made;
  };
  expect(await calls(loss, model())).toBe(4);
  expect(await calls(loss, tinyModel())).toBe(8);
  const reading: Loss = (labels, logits) => tf.mul(crossEntropy(labels, logits), labels.dataSync().length) as tf.Scalar;
  expect(await calls(reading, model())).toBe(8);
});

describe('what goes wrong in a part', () => {
  test.each([1, 2, 3, 4])('a loss that throws at call %i leaves nothing', async (fuse) => {
    const model = tinyModel();
    const weights = allWeights(model);
    const before = tf.memory().numTensors;
    let calls = 0;
    const failing: Loss = (labels, logits) => {
      calls++;
      if (calls === fuse) throw new Error(`call ${fuse}`);
      return crossEntropy(labels, logits);
    };
    await expect(tinyRun({ loss: failing }, model)).rejects.toThrow(`call ${fuse}`);
    expect(tf.memory().numTensors).toBe(before);
    if (fuse <= 2) expect(allWeights(model)).toEqual(weights);
    await tinyRun({ loss: failing }, model);
    model.dispose();
  });

  test('a loss that is not finite ends the run as it does without parts', async () => {
    const model = tinyModel();
    const infinite: Loss = (labels, logits) => tf.mul(crossEntropy(labels, logits), Number.POSITIVE_INFINITY);
    await expect(tinyRun({ loss: infinite }, model)).rejects.toThrow(/step 1/);
    model.dispose();
  });
});

test('metrics, validation and frozen layers go with it', async () => {
  const model = tinyModel();
  freezeLayers(model, ['conv1', 'bn1']);
  const frozenWeights = () =>
    ['conv1', 'bn1'].flatMap((name) =>
      model
        .getLayer(name)
        .getWeights()
        .map((weight) => [...weight.dataSync()]),
    );
  const frozen = frozenWeights();
  const { epochs } = await tinyRun(
    {
      metrics: { top1: (labels, logits) => topKAccuracy(labels, logits) },
      validation: tinyLoader(2, 8),
    },
    model,
  );
  expect(epochs[0]?.metrics['top1']).toBeCloseTo(epochs[0]?.accuracy ?? Number.NaN, 5);
  expect(frozenWeights()).toEqual(frozen);
  model.dispose();
});
