import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freezeLayers } from '../fine-tuning/layer-choice.js';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { train } from '../loop/train.js';
import type { TrainOptions } from '../loop/train-options.js';
import { sgd } from '../optimizers/sgd.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-onnx-'));
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
afterAll(() => rm(folder, { recursive: true }));

/** Weights that do not change are what this backend makes constants of, in which it rounds differently. */
test.each([
  ['frozen layers', ['conv1', 'bn1'], {}],
  ['many batches a step', [], { accumulate: 6 }],
  ['activations that are computed again', [], { recompute: true }],
  ['parts of batches at the same time', [], { replicas: 2 }],
  ['all of it', ['conv1'], { accumulate: 2, recompute: true, replicas: 3, averageDecay: 0.9 }],
] as const)('gone on with from any step, it gives the same weights, bit for bit: %s', async (name, frozen, options) => {
  const run = async (more: Partial<TrainOptions>) => {
    const model = tinyModel();
    freezeLayers(model, frozen);
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
    await train(model, tinyLoader(18), { epochs: 2, optimizer, validation: tinyLoader(6), ...options, ...more });
    const weights = allWeights(model);
    model.dispose();
    optimizer.dispose();
    return weights;
  };
  const checkpoint = { folder: join(folder, name), everySteps: 1, keepLast: 100 };
  const whole = await run({ checkpoint });
  const steps = (await readdir(checkpoint.folder)).filter((step) => step.startsWith('step-'));
  expect(steps.length).toBeGreaterThan(5);
  for (const step of steps) expect(await run({ resume: join(checkpoint.folder, step) })).toEqual(whole);
});

test('with and without activations that are computed again a run has the same losses, and is another run', async () => {
  const checkpoint = { folder: join(folder, 'kept') };
  const run = async (more: Partial<TrainOptions>) => {
    const model = tinyModel();
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
    try {
      const { epochs } = await train(model, tinyLoader(18), { epochs: 2, optimizer, ...more });
      return epochs.map(({ loss }) => loss);
    } finally {
      model.dispose();
      optimizer.dispose();
    }
  };
  const kept = await run({ checkpoint });
  const again = await run({ recompute: true });
  for (const [i, loss] of kept.entries()) expect(again[i]).toBeCloseTo(loss, 4);
  await expect(run({ checkpoint, resume: true, recompute: true, epochs: 3 })).rejects.toThrow(/recompute/);
});

test('with parts of batches a run is another run', async () => {
  const checkpoint = { folder: join(folder, 'parts') };
  const run = async (more: Partial<TrainOptions>) => {
    const model = tinyModel();
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
    try {
      await train(model, tinyLoader(6), { epochs: 2, optimizer, checkpoint, ...more });
    } finally {
      model.dispose();
      optimizer.dispose();
    }
  };
  await run({ replicas: 2 });
  const again = { resume: true, epochs: 3 };
  await expect(run(again)).rejects.toThrow(/replicas is undefined, was 2/);
  await expect(run({ ...again, replicas: 3 })).rejects.toThrow(/replicas is 3, was 2/);
  await run({ ...again, replicas: 3, allow: ['replicas'] });
});

test('a run that resumes has the forms of convolutions that it began with, and leaves the others in use', async () => {
  const backend = tf.backend() as unknown as { forms: string };
  const checkpoint = { folder: join(folder, 'forms') };
  // Of no convolution: what is in use shows in the checkpoints of a run.
  const [began, tuned] = ['{"a":"rows"}', '{"a":"merged"}'];
  const run = async (epochs: number, forms: string, more: Partial<TrainOptions>) => {
    backend.forms = forms;
    const model = tinyModel();
    const optimizer = sgd({ learningRate: 0.05 });
    try {
      await train(model, tinyLoader(12), { epochs, optimizer, checkpoint, ...more });
      return backend.forms;
    } finally {
      backend.forms = '{}';
      model.dispose();
      optimizer.dispose();
    }
  };
  expect(await run(1, began, {})).toBe(began);
  expect(await run(2, tuned, { resume: true })).toBe(tuned);
  const steps = (await readdir(checkpoint.folder)).filter((step) => step.startsWith('step-'));
  expect(steps).toHaveLength(2);
  for (const step of steps) {
    const training: unknown = JSON.parse(await readFile(join(checkpoint.folder, step, 'training.json'), 'utf8'));
    expect(training).toHaveProperty('forms', began);
  }
});
