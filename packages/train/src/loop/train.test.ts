import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { connect, dropout, flatten, withInitialWeights } from '@cnnzoo/blocks';
import { crossEntropy, smoothLabels, topKAccuracy } from '@cnnzoo/losses';
import { readSafetensors, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { adamw } from '../optimizers/adam.js';
import { rmsprop } from '../optimizers/rmsprop.js';
import { sgd } from '../optimizers/sgd.js';
import { cosineDecay } from '../schedules/cosine-decay.js';
import { polynomialDecay } from '../schedules/polynomial-decay.js';
import { reduceOnPlateau } from '../schedules/reduce-on-plateau.js';
import type { Batch, Loader } from './batch.js';
import type { TrainEvent } from './events.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';
import { updateWeights } from './update-weights.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-train-'));
});
afterAll(() => rm(folder, { recursive: true }));

let tensors = 0;
let models: LayersModel[] = [];
beforeEach(() => {
  models = [];
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  for (const model of models) model.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});
const tiny = () => {
  const model = tinyModel();
  models.push(model);
  return model;
};

const momentum = () => sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 });

/** Trains a new tiny model and gives back what happened and the weights. */
async function run(options: Partial<TrainOptions>, loader = tinyLoader()) {
  const model = tiny();
  const optimizer = options.optimizer ?? momentum();
  const events: TrainEvent[] = [];
  const listener = options.onEvent ?? (() => {});
  try {
    const history = await train(model, loader, {
      epochs: 3,
      ...options,
      optimizer,
      onEvent: (event) => {
        events.push(event);
        listener(event);
      },
    });
    return { model, history, events, weights: allWeights(model) };
  } finally {
    optimizer.dispose();
  }
}

test('learns, and tells of every step and epoch', async () => {
  const { history, events } = await run({ epochs: 6, validation: tinyLoader(2) });
  expect(history.epochs.map(({ epoch, step }) => [epoch, step])).toEqual(
    [0, 1, 2, 3, 4, 5].map((e) => [e, 5 * (e + 1)]),
  );
  expect(history).toMatchObject({ step: 30, interrupted: null, stoppedEarly: false, checkpoint: null });
  expect(history.epochs[5]?.validation?.accuracy).toBe(1);
  expect(history.epochs[5]?.loss).toBeLessThan(history.epochs[0]?.loss ?? 0);
  expect(events[0]).toEqual({ type: 'start', epochs: 6, batchesPerEpoch: 5, epoch: 0, batch: 0 });
  const steps = events.filter((event) => event.type === 'step');
  expect(steps.map(({ step, epoch, batch }) => [step, epoch, batch]).slice(3, 7)).toEqual([
    [4, 0, 4],
    [5, 0, 5],
    [6, 1, 1],
    [7, 1, 2],
  ]);
  expect(steps.slice(0, 5).reduce((sum, { loss }) => sum + loss, 0) / 5).toBeCloseTo(history.epochs[0]?.loss ?? 0, 6);
  expect(steps.at(-1)?.epochAccuracy).toBe(history.epochs[5]?.accuracy);
});

test('the schedule multiplies the learning rate, which the optimizer has again afterwards', async () => {
  const optimizer = momentum();
  const { events, history } = await run({ epochs: 2, optimizer, schedule: cosineDecay() });
  const rates = events.flatMap((event) => (event.type === 'step' ? [event.learningRate] : []));
  expect(rates).toEqual(Array.from({ length: 10 }, (_, t) => (0.05 * (1 + Math.cos((Math.PI * t) / 10))) / 2));
  expect(history.epochs[1]?.learningRate).toBe(rates[9]);
  expect(optimizer.learningRate).toBe(0.05);
});

test('gives the same weights again', async () => {
  expect((await run({})).weights).toEqual((await run({})).weights);
});

const kinds = [
  ['SGD', () => ({ optimizer: momentum(), schedule: cosineDecay() })],
  [
    'RMSProp, average of weights',
    () => ({ optimizer: rmsprop({ learningRate: 0.01, momentum: 0.9 }), averageDecay: 0.9 }),
  ],
  [
    'AdamW, accumulation, clipping',
    () => ({ optimizer: adamw({ learningRate: 0.01 }), accumulate: 2, clipping: { norm: 0.5 } }),
  ],
  [
    'SGD on a plateau, early stopping',
    () => ({
      optimizer: momentum(),
      schedule: reduceOnPlateau({ patience: 0, threshold: 0.5 }),
      validation: tinyLoader(1),
      earlyStopping: { patience: 2, metric: 'loss' as const },
    }),
  ],
] as const;

test.each(kinds)('gone on with from any step, it gives the same weights, bit for bit: %s', async (name, options) => {
  const checkpoint = { folder: join(folder, name), everySteps: 1, keepLast: 100 };
  const whole = await run({ ...options(), checkpoint });
  const steps = (await readdir(checkpoint.folder)).filter((step) => step.startsWith('step-'));
  expect(steps).toHaveLength(whole.history.step);
  const untimed = (epochs: typeof whole.history.epochs) => epochs.map((record) => ({ ...record, seconds: 0 }));
  for (const step of steps) {
    const rest = await run({ ...options(), resume: join(checkpoint.folder, step) });
    expect(rest.weights).toEqual(whole.weights);
    expect(untimed(rest.history.epochs)).toEqual(untimed(whole.history.epochs));
  }
});

test('interrupted and gone on with again and again, it gives the same weights', async () => {
  const whole = await run({});
  const checkpoint = { folder: join(folder, 'again and again') };
  const stops = [1, 2, 5, 9, 10, 14];
  for (const stopAt of stops) {
    const abort = new AbortController();
    const { history, events } = await run({
      checkpoint,
      resume: stopAt > 1,
      abort: abort.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === stopAt) abort.abort();
      },
    });
    expect(history).toMatchObject({ interrupted: 'abort', step: stopAt });
    expect(events.at(-1)).toEqual({ type: 'interrupted', reason: 'abort', step: stopAt });
  }
  expect((await run({ checkpoint, resume: true })).weights).toEqual(whole.weights);
});

/** Five batches an epoch, of which those in `lost` are left out, as where no image of theirs can be read. */
function loaderWithout(lost: readonly number[]): Loader {
  const { batchesPerEpoch, epoch } = tinyLoader();
  const kept = [0, 1, 2, 3, 4].filter((place) => !lost.includes(place));
  return {
    batchesPerEpoch,
    async *epoch(index, fromBatch = 0) {
      let place = fromBatch;
      for await (const batch of epoch(index, fromBatch)) {
        if (lost.includes(place++)) tf.dispose([batch.images, batch.labels]);
        else yield { ...batch, nextBatch: kept.find((next) => next >= place) ?? batchesPerEpoch };
      }
    },
  };
}

test.each([1, 2])('goes on where the loader leaves batches out, %i a step', async (accumulate) => {
  const checkpoint = { folder: join(folder, `left out ${accumulate}`), everySteps: 1, keepLast: 100 };
  const options = { epochs: 2, accumulate };
  const loader = () => loaderWithout([0, 2, 4]);
  const whole = await run({ ...options, checkpoint }, loader());
  const steps = whole.events.filter((event) => event.type === 'step');
  const places = accumulate === 1 ? [3, 5] : [5];
  expect(steps.map(({ epoch, batch }) => [epoch, batch])).toEqual([0, 1].flatMap((e) => places.map((at) => [e, at])));
  expect(whole.history.epochs.map(({ step }) => step)).toEqual([places.length, 2 * places.length]);
  for (const step of (await readdir(checkpoint.folder)).filter((name) => name.startsWith('step-'))) {
    const rest = await run({ ...options, resume: join(checkpoint.folder, step) }, loader());
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.history.step).toBe(whole.history.step);
  }
});

test("dropout goes on with its masks where the model was built without a seed, layers within a layer's model included", async () => {
  const build = () =>
    // Other masks each time.
    withInitialWeights({}, () => {
      const within = input({ shape: [16], name: 'within' });
      const drop = connect(within, dropout({ name: 'drop', rate: 0.5 }));
      const x = input({ shape: [4, 4, 1], name: 'image' });
      const y = connect(
        x,
        flatten({ name: 'flatten' }),
        makeModel({ inputs: within, outputs: drop, name: 'inner' }),
        dropout({ name: 'drop', rate: 0.2 }),
        layers.dense({ name: 'fc', units: 2, kernelInitializer: 'ones' }),
      );
      const model = makeModel({ inputs: x, outputs: y });
      models.push(model);
      return model;
    });
  const options = { epochs: 2, checkpoint: { folder: join(folder, 'dropout'), everySteps: 1, keepLast: 100 } };
  const whole = build();
  const optimizers = [momentum(), momentum()] as const;
  await train(whole, tinyLoader(), { ...options, optimizer: optimizers[0] });
  const rest = build();
  const resume = join(options.checkpoint.folder, 'step-00000004');
  await train(rest, tinyLoader(), { epochs: 2, optimizer: optimizers[1], resume });
  expect(allWeights(rest)).toEqual(allWeights(whole));
  for (const optimizer of optimizers) optimizer.dispose();
});

test('a checkpoint is PyTorch-keyed weights, the state of the optimizer and a description', async () => {
  const checkpoint = { folder: join(folder, 'files') };
  const { history, model } = await run({ checkpoint });
  const path = history.checkpoint ?? '';
  expect((await readdir(path)).sort()).toEqual([
    'SHA256SUMS',
    'model.safetensors',
    'optimizer.safetensors',
    'training.json',
  ]);
  const weights = await readSafetensors(join(path, 'model.safetensors'));
  for (const [key, { data }] of stateDict(model)) expect([...(weights.get(key)?.data ?? [])]).toEqual([...data]);
  const state = await readSafetensors(join(path, 'optimizer.safetensors'));
  expect(state.get('conv1.weight.momentum_buffer')?.shape).toEqual([3, 3, 1, 2]);
  const { progress, random } = JSON.parse(await readFile(join(path, 'training.json'), 'utf8'));
  expect(progress).toMatchObject({ step: 15, epoch: 3, batch: 0 });
  expect(random).toEqual({ drop: { seed: 3, drawn: 15 } });
});

test('keeps the last checkpoints and the best', async () => {
  const checkpoint = { folder: join(folder, 'kept'), keepLast: 2, everySteps: 1 };
  // An early epoch is the best: after it the learning rate is too large.
  const schedule = ({ epoch }: { epoch: number }) => (epoch <= 1 ? 1 : 60);
  const { history } = await run({ epochs: 4, checkpoint, validation: tinyLoader(3), schedule });
  const bestStep = history.epochs[history.bestEpoch ?? -1]?.step ?? 0;
  expect(bestStep).toBeLessThan(19);
  const folders = (await readdir(checkpoint.folder)).filter((name) => name !== 'checkpoints.json').sort();
  expect(folders).toEqual([bestStep, 19, 20].map((step) => `step-${String(step).padStart(8, '0')}`));
});

test('SIGINT and SIGTERM end it after the step, with a checkpoint', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const checkpoint = { folder: join(folder, signal) };
    const { history, events } = await run({
      epochs: 1000,
      checkpoint,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 7) process.kill(process.pid, signal);
      },
    });
    expect(history.interrupted).toBe(signal);
    expect(history.checkpoint).toContain(`step-0000000${history.step}`);
    expect(existsSync(history.checkpoint ?? '')).toBe(true);
    expect(events.at(-1)).toEqual({ type: 'interrupted', reason: signal, step: history.step });
    expect(process.listenerCount(signal)).toBe(0);
  }
});

test('stops where the loss is no longer finite, and keeps the last good checkpoint', async () => {
  const checkpoint = { folder: join(folder, 'diverged') };
  const schedule = ({ step }: { step: number }) => (step >= 7 ? 1e30 : 1);
  const error = await run({ checkpoint, schedule }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TrainingError);
  expect(error).toMatchObject({
    step: 9,
    learningRate: 0.05 * 1e30,
    checkpoint: join(checkpoint.folder, 'step-00000005'),
  });
  expect(String(error)).toMatch(
    /^TrainingError: training diverged at step 9: loss (NaN|Infinity), learning rate 5\S*e\+28, gradient norm (NaN|Infinity)/,
  );
  const model = tiny();
  const optimizer = momentum();
  const history = await train(model, tinyLoader(), { epochs: 2, optimizer, checkpoint, resume: true });
  optimizer.dispose();
  expect(history.step).toBe(10);
});

test('a checkpoint never has weights that are not finite', async () => {
  // The last update of an epoch is the one that breaks them: its loss and gradients are still finite.
  const schedule = ({ step }: { step: number }) => (step === 9 ? 1e45 : 1);
  const checkpoint = { folder: join(folder, 'not finite'), keepLast: 1 };
  await expect(run({ checkpoint, schedule })).rejects.toMatchObject({
    name: 'TrainingError',
    step: 10,
    loss: expect.toSatisfy(Number.isFinite),
    checkpoint: join(checkpoint.folder, 'step-00000005'),
  });
  expect((await run({ checkpoint, resume: true })).history.step).toBe(15);
});

test('says when a schedule gives no number', async () => {
  const schedule = ({ step }: { step: number }) => (step === 7 ? Number.NaN : 1);
  await expect(run({ schedule })).rejects.toThrow(
    'schedule must give a factor of at least 0 and finite, got NaN as the learning rate of step 8',
  );
});

test('early stopping gives back the weights of the best epoch', async () => {
  const schedule = ({ epoch }: { epoch: number }) => (epoch < 2 ? 1 : 60);
  const stopping = { validation: tinyLoader(3), earlyStopping: { patience: 2, metric: 'loss' as const } };
  const { history, weights } = await run({ ...stopping, epochs: 20, schedule });
  const best = history.bestEpoch ?? -1;
  expect(history).toMatchObject({ stoppedEarly: true, interrupted: null });
  expect(history.epochs).toHaveLength(best + 3);
  expect(weights).toEqual((await run({ epochs: best + 1, schedule })).weights);
});

test('the average of the weights follows them, is validated with and stays', async () => {
  const losses: number[] = [];
  const { weights } = await run({
    epochs: 1,
    averageDecay: 0.9,
    validation: tinyLoader(2),
    onEvent: (event) => {
      if (event.type === 'epoch') losses.push(event.validation?.loss ?? 0);
    },
  });
  const model = tiny();
  let expected = allWeights(model);
  const optimizer = momentum();
  await train(model, tinyLoader(), {
    epochs: 1,
    optimizer,
    onEvent: (event) => {
      if (event.type !== 'step') return;
      const d = Math.min(0.9, (1 + event.step) / (10 + event.step));
      const now = allWeights(model);
      expected = expected.map((average, i) => d * average + (1 - d) * (now[i] ?? 0));
    },
  });
  optimizer.dispose();
  for (const [i, value] of weights.entries()) expect(value).toBeCloseTo(expected[i] ?? 0, 5);
  expect(losses).toHaveLength(1);
});

/** A loader of one given batch. */
const one = (make: () => Batch): Loader => ({
  batchesPerEpoch: 1,
  async *epoch(_, fromBatch = 0) {
    if (fromBatch === 0) yield make();
  },
});

test('accumulated batches are one large batch', async () => {
  const plain = () => {
    const x = input({ shape: [2, 2, 1] });
    const flat = layers.flatten({ name: 'flat' }).apply(x);
    const y = layers.dense({ name: 'fc', units: 2, kernelInitializer: 'zeros' }).apply(flat) as SymbolicTensor;
    const made = makeModel({ inputs: x, outputs: y });
    models.push(made);
    return made;
  };
  const values = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const batch = (from: number, to: number): Batch => ({
    images: tf.tensor4d(values.slice(4 * from, 4 * to), [to - from, 2, 2, 1]),
    labels: tf.tensor1d([0, 1, 1, 0, 1, 0].slice(from, to), 'int32'),
  });
  const parts: Loader = {
    batchesPerEpoch: 2,
    async *epoch() {
      yield batch(0, 4);
      yield batch(4, 6);
    },
  };
  const [a, b] = [plain(), plain()];
  const [first, second] = [momentum(), momentum()];
  const large = await train(
    a,
    one(() => batch(0, 6)),
    { epochs: 1, optimizer: first, clipping: { norm: 0.1 } },
  );
  const small = await train(b, parts, { epochs: 1, optimizer: second, accumulate: 2, clipping: { norm: 0.1 } });
  expect(small.step).toBe(1);
  expect(small.epochs[0]?.loss).toBeCloseTo(large.epochs[0]?.loss ?? 0, 6);
  const [expected, actual] = [allWeights(a), allWeights(b)];
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] ?? 0, 6);
  first.dispose();
  second.dispose();
});

test('trains auxiliary heads, on soft labels, with metrics', async () => {
  const x = input({ shape: [4, 4, 1] });
  const flat = layers.flatten({ name: 'flat' }).apply(x);
  const heads = ['fc', 'aux'].map((name) => layers.dense({ name, units: 6 }).apply(flat) as SymbolicTensor);
  const model = makeModel({ inputs: x, outputs: heads });
  models.push(model);
  const images = () =>
    tf.tensor4d(
      Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
      [3, 4, 4, 1],
    );
  const labels = () => smoothLabels(tf.tensor1d([0, 1, 5], 'int32'), 6, 0.2);
  const expected = tf.tidy(() => {
    const [main, aux] = model.predict(images()) as [tf.Tensor2D, tf.Tensor2D];
    return tf.add(crossEntropy(labels(), main), tf.mul(crossEntropy(labels(), aux), 0.4)).dataSync()[0];
  });
  const optimizer = momentum();
  const before = allWeights(model);
  const history = await train(
    model,
    one(() => tf.tidy(() => ({ images: images(), labels: labels() }))),
    {
      epochs: 1,
      optimizer,
      auxiliaryWeight: 0.4,
      metrics: { top5: (truth, logits) => topKAccuracy(truth, logits, 5) },
      validation: one(() => tf.tidy(() => ({ images: images(), labels: labels() }))),
    },
  );
  optimizer.dispose();
  expect(history.epochs[0]?.loss).toBeCloseTo(expected ?? 0, 5);
  expect(history.epochs[0]?.metrics['top5']).toBeGreaterThan(0);
  expect(Object.keys(history.epochs[0]?.validation?.metrics ?? {})).toEqual(['top5']);
  for (const [i, value] of allWeights(model).entries()) expect(value).not.toBe(before[i]);
});

test("the auxiliary heads' weight follows its schedule, step by step", async () => {
  const twoHeads = () => {
    const x = input({ shape: [2, 2, 1] });
    const flat = layers.flatten().apply(x);
    const heads = ['fc', 'aux'].map(
      (name) => layers.dense({ name, units: 3, kernelInitializer: 'ones' }).apply(flat) as SymbolicTensor,
    );
    const model = makeModel({ inputs: x, outputs: heads });
    models.push(model);
    return model;
  };
  const make = () => ({
    images: tf.tensor4d([1, 2, 3, 4, 0, 2, 0, 1], [2, 2, 2, 1]),
    labels: tf.tensor1d([0, 2], 'int32'),
  });
  const batches = {
    batchesPerEpoch: 2,
    epoch: async function* () {
      yield make();
      yield make();
    },
  };
  const [scheduled, byHand] = [twoHeads(), twoHeads()];
  const optimizers = [momentum(), momentum()] as const;
  const auxiliarySchedule = polynomialDecay({ unit: 'epoch' });
  await train(scheduled, batches, { epochs: 3, optimizer: optimizers[0], auxiliaryWeight: 0.6, auxiliarySchedule });
  for (const auxiliaryWeight of [0.6, 0.6, 0.4, 0.4, 0.2, 0.2]) {
    const batch = make();
    const { loss, accuracy, gradientNorm } = updateWeights(byHand, optimizers[1], batch, { auxiliaryWeight });
    tf.dispose([loss, accuracy, gradientNorm, batch.images, batch.labels]);
  }
  const expected = allWeights(byHand);
  for (const [i, value] of allWeights(scheduled).entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6);
  for (const optimizer of optimizers) optimizer.dispose();
});

test('regularizers of the model count', async () => {
  const x = input({ shape: [2, 2, 1] });
  const flat = layers.flatten().apply(x);
  const kernelRegularizer = 'l1l2';
  const y = layers.dense({ units: 2, kernelInitializer: 'ones', kernelRegularizer }).apply(flat) as SymbolicTensor;
  const model = makeModel({ inputs: x, outputs: y });
  models.push(model);
  const optimizer = momentum();
  const make = () => ({ images: tf.zeros([1, 2, 2, 1]) as tf.Tensor4D, labels: tf.tensor1d([0], 'int32') });
  const history = await train(model, one(make), { epochs: 1, optimizer });
  optimizer.dispose();
  // 8 weights of 1 with 0.01 for each of |w| and w^2.
  expect(history.epochs[0]?.loss).toBeCloseTo(Math.log(2) + 0.16, 5);
});

const wrongOptions: [string, Partial<TrainOptions>][] = [
  ['epochs must be an integer of at least 1, got 0', { epochs: 0 }],
  ['accumulate must be an integer of at least 1, got 1.5', { accumulate: 1.5 }],
  ['clipping.norm must be a finite number above 0, got 0', { clipping: { norm: 0 } }],
  ['labelSmoothing must be a finite number from 0 to 1, got 2', { labelSmoothing: 2 }],
  ["recompute: the backend 'cpu' keeps all activations", { recompute: true }],
  ['replicas must be an integer of at least 1, got 1.5', { replicas: 1.5 }],
  ["replicas: the backend 'cpu' computes in one thread", { replicas: 2 }],
  ['labelSmoothing is for the default loss', { labelSmoothing: 0.1, loss: crossEntropy }],
  ['auxiliaryWeight must be a finite number of at least 0, got -1', { auxiliaryWeight: -1 }],
  ['auxiliarySchedule must be a function', { auxiliarySchedule: 0.5 as never }],
  ['resume: true resumes from checkpoint.folder, which is missing', { resume: true }],
  ['averageDecay must be a number above 0 and below 1, got 1', { averageDecay: 1 }],
  ['earlyStopping watches validation, which is missing', { earlyStopping: { patience: 1 } }],
  ['earlyStopping.patience must be an integer of at least 1, got 0', { earlyStopping: { patience: 0 } }],
];
test.each(wrongOptions)('says: %s', async (message, options) => {
  await expect(run(options)).rejects.toThrow(message);
});

test('says when it is no optimizer of its own', async () => {
  const optimizer = tf.train.sgd(0.1);
  await expect(train(tiny(), tinyLoader(), { epochs: 1, optimizer: optimizer as never })).rejects.toThrow(
    'optimizer must be one of @cnnzoo/train, such as sgd({ learningRate: 0.1 }): its state is saved',
  );
  optimizer.dispose();
});

const batch = (shape: [number, number, number, number], labels: number[]) => (): Batch => ({
  images: tf.zeros(shape),
  labels: tf.tensor1d(labels, 'int32'),
});
test.each<[string, () => Batch]>([
  [
    "loader: images must be float32 [any, 4, 4, 1] for model 'tiny', got float32 [2, 5, 4, 1]",
    batch([2, 5, 4, 1], [0, 1]),
  ],
  ["loader: label 2 of image 1 in its batch, expected 0 to 1 for model 'tiny'", batch([2, 4, 4, 1], [0, 2])],
  ["loader: label -1 of image 0 in its batch, expected 0 to 1 for model 'tiny'", batch([2, 4, 4, 1], [-1, 2])],
  ["loader: labels must be int32 [2] or float32 [2, 2] for model 'tiny', got int32 [1]", batch([2, 4, 4, 1], [0])],
])('says before anything changes: %s', async (message, make) => {
  const model = tiny();
  const before = allWeights(model);
  const optimizer = momentum();
  await expect(train(model, one(make), { epochs: 1, optimizer })).rejects.toThrow(message);
  optimizer.dispose();
  expect(allWeights(model)).toEqual(before);
});

test('refuses a softmax before the loss, which would be a double one', async () => {
  const x = input({ shape: [4, 4, 1] });
  const flat = layers.flatten().apply(x);
  const y = layers.dense({ units: 2, activation: 'softmax', name: 'probabilities' }).apply(flat) as SymbolicTensor;
  const model = makeModel({ inputs: x, outputs: y, name: 'double' });
  models.push(model);
  const optimizer = momentum();
  await expect(train(model, tinyLoader(), { epochs: 1, optimizer })).rejects.toThrow(
    "model 'double' ends in a softmax ('probabilities'), but the loss takes logits",
  );
});

test('never mixes runs: old checkpoints, none, damaged ones, another optimizer, other data', async () => {
  const checkpoint = { folder: join(folder, 'mixed') };
  await expect(run({ checkpoint, resume: true })).rejects.toThrow(
    'has no checkpoint to resume from: start without resume',
  );
  const { history } = await run({ epochs: 1, checkpoint });
  await expect(run({ checkpoint })).rejects.toThrow(
    'has checkpoints of an earlier run: resume from them with resume: true',
  );
  await expect(run({ checkpoint, resume: true, optimizer: adamw({ learningRate: 1 }) })).rejects.toThrow(
    "training.json: optimizer.className is 'CnnzooSgd', expected 'CnnzooAdamW'",
  );
  await expect(run({ checkpoint, resume: true }, tinyLoader(7))).rejects.toThrow(
    'loader has 7 batches in an epoch, had 5',
  );
  const weights = join(history.checkpoint ?? '', 'model.safetensors');
  await writeFile(weights, (await readFile(weights)).subarray(0, 100));
  await expect(run({ checkpoint, resume: true })).rejects.toThrow(weights);
  const list = join(checkpoint.folder, 'checkpoints.json');
  const { checkpoints, ...rest } = JSON.parse(await readFile(list, 'utf8'));
  await writeFile(list, JSON.stringify({ ...rest, checkpoints: [...checkpoints, '../../../etc'] }));
  await expect(run({ checkpoint, resume: true })).rejects.toThrow(
    "checkpoints.json.checkpoints[1] must be the name of a checkpoint, such as step-00000012, got '../../../etc'",
  );
  await writeFile(list, '{"checkpoints');
  await expect(run({ checkpoint, resume: true })).rejects.toThrow('checkpoints.json is not JSON');
});
