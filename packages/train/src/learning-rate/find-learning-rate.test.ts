import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { adamw } from '../optimizers/adam.js';
import { sgd } from '../optimizers/sgd.js';
import { findLearningRate } from './find-learning-rate.js';

beforeAll(() => tf.setBackend('cpu'));

test('suggests a rate at which the loss falls, and leaves the model as it was', async () => {
  const model = tinyModel();
  const before = allWeights(model);
  const tensors = tf.memory().numTensors;
  const { suggestion, points, svg } = await findLearningRate(model, tinyLoader(), {
    optimizer: adamw({ learningRate: 1e-3 }),
  });
  expect(allWeights(model)).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(points.length).toBeGreaterThan(50);
  expect(points.every(({ learningRate }, i) => i === 0 || learningRate > (points[i - 1]?.learningRate ?? 0))).toBe(
    true,
  );
  expect(points[0]?.learningRate).toBe(1e-7);
  expect(suggestion).toBeGreaterThan(1e-4);
  expect(suggestion).toBeLessThan(3);
  expect(svg).toContain('Suggested learning rate');
});

test('ends where the loss diverges', async () => {
  const { points } = await findLearningRate(tinyModel(), tinyLoader(), {
    optimizer: sgd({ learningRate: 1, momentum: 0.9 }),
    from: 1,
    to: 1e6,
    steps: 60,
  });
  expect(points.length).toBeLessThan(60);
});

test('the first steps do not depend on the step at which the search is ended', async () => {
  const stop = new AbortController();
  const search = (abort?: AbortSignal) =>
    findLearningRate(tinyModel(), tinyLoader(), {
      optimizer: adamw({ learningRate: 1e-3 }),
      steps: 20,
      onStep: ({ step }) => {
        if (step === 5 && abort !== undefined) stop.abort();
      },
      ...(abort === undefined ? {} : { abort }),
    });
  const [whole, part] = [await search(), await search(stop.signal)];
  expect(part.points).toEqual(whole.points.slice(0, 5));
});

test('wrong options are refused before any work', async () => {
  const optimizer = adamw({ learningRate: 1e-3 });
  const search = (options: object) => findLearningRate(tinyModel(), tinyLoader(), { optimizer, ...options });
  await expect(search({ from: 1, to: 0.1 })).rejects.toThrow('from must be less than to, which is 0.1, got 1');
  await expect(search({ step: 3 })).rejects.toThrow(/has no option 'step'.*steps/);
  await expect(search({ steps: 2 })).rejects.toThrow(/steps must be an integer of at least 10/);
});
