/** Whatever of a run throws, at whichever call: no tensor stays behind, no tape stays open, and the model can be trained again. */
import '@tensorflow/tfjs-backend-cpu';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { crossEntropy, topKAccuracy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { sgd } from '../optimizers/sgd.js';
import type { Loader } from './batch.js';
import { train } from './train.js';

const places = ['loss', 'metric', 'schedule', 'onEvent', 'loader', 'validation', 'nothing'] as const;

/** Throws at its n-th call, and writes down that it did. */
function bomb(place: string, armed: string, fuse: number, exploded: string[]): () => void {
  let calls = 0;
  return () => {
    calls++;
    if (place !== armed || calls !== fuse) return;
    exploded.push(`${place} ${calls}`);
    throw new Error(`${place} ${calls}`);
  };
}

function failing(loader: Loader, tick: () => void): Loader {
  return {
    batchesPerEpoch: loader.batchesPerEpoch,
    async *epoch(index, fromBatch) {
      for await (const batch of loader.epoch(index, fromBatch)) {
        try {
          tick();
        } catch (error) {
          tf.dispose([batch.images, batch.labels]);
          throw error;
        }
        yield batch;
      }
    },
  };
}

registerOnnxBackend({ threads: 1 });

describe.each(['cpu', 'onnx'])('on %s', (backend) => {
  test('nothing stays behind', { timeout: 300_000 }, async () => {
    await tf.setBackend(backend);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(1, 2, 3),
        fc.boolean(),
        async (armed, fuse, accumulate, averaged) => {
          const model = tinyModel();
          const exploded: string[] = [];
          const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
          const [lossTick, metricTick, scheduleTick, eventTick, loaderTick, validationTick] = places.map((place) =>
            bomb(place, armed, fuse, exploded),
          );
          const options = {
            epochs: 2,
            optimizer,
            accumulate,
            ...(averaged ? { averageDecay: 0.9 } : {}),
          };
          // The optimizer's slots, which it keeps, are there afterwards in any case.
          await train(model, tinyLoader(3), options);
          const before = tf.memory().numTensors;
          const attempt = train(
            model,
            failing(tinyLoader(3), () => loaderTick?.()),
            {
              ...options,
              loss: (labels, logits) => {
                const loss = crossEntropy(labels, logits);
                lossTick?.();
                return loss;
              },
              metrics: {
                top2: (labels, logits) => topKAccuracy(labels, logits, 2),
                own: (labels, logits) => {
                  metricTick?.();
                  return topKAccuracy(labels, logits);
                },
              },
              schedule: () => {
                scheduleTick?.();
                return 1;
              },
              onEvent: () => eventTick?.(),
              validation: failing(tinyLoader(2), () => validationTick?.()),
            },
          );
          const errors = await attempt.then(
            () => [],
            (error: Error) => [error.message],
          );
          expect(errors).toEqual(exploded);
          expect(tf.memory().numTensors).toBe(before);
          expect(tf.engine().state).toMatchObject({ gradientDepth: 0, activeTape: null });
          expect((await train(model, tinyLoader(3), options)).step).toBe(2 * Math.ceil(3 / accumulate));
          expect(tf.memory().numTensors).toBe(before);
          optimizer.dispose();
          model.dispose();
        },
      ),
      {
        numRuns: 40,
        examples: [
          ['loss', 1, 1, false],
          ['metric', 2, 2, true],
        ],
      },
    );
  });
});
