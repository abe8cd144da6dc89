/** Weights that become constants by themselves: faster, and never stale. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { difference, numbers } from '../testing/both-backends.js';
import type { OnnxBackend } from '../tfjs/backend.js';

const backend = () => tf.findBackend('onnx') as OnnxBackend;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

afterEach(() => {
  // Graphs of the test before are not these tests' business.
  backend().engine.dispose();
});

function network(): tfl.LayersModel {
  const model = tfl.sequential();
  const kernelInitializer = (seed: number) => tfl.initializers.glorotUniform({ seed });
  model.add(
    tfl.layers.conv2d({
      inputShape: [8, 8, 3],
      filters: 8,
      kernelSize: 3,
      useBias: false,
      kernelInitializer: kernelInitializer(1),
    }),
  );
  model.add(tfl.layers.batchNormalization());
  model.add(tfl.layers.reLU());
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 4, kernelInitializer: kernelInitializer(2) }));
  model.compile({ optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' });
  return model;
}

const pictures = (count: number, seed: number) => numbers<tf.Rank.R4>([count, 8, 8, 3], seed);

function predict(model: tfl.LayersModel, x: tf.Tensor): number[] {
  const y = model.predict(x) as tf.Tensor;
  const values = Array.from(y.dataSync());
  y.dispose();
  return values;
}

/** What tfjs's own cpu backend predicts with the same weights. */
function expected(model: tfl.LayersModel, x: tf.Tensor): number[] {
  const weights = model.getWeights().map((weight) => ({ shape: weight.shape, values: weight.dataSync().slice() }));
  const values = x.dataSync().slice();
  tf.setBackend('cpu');
  const copy = network();
  copy.setWeights(weights.map((weight) => tf.tensor(weight.values, weight.shape)));
  const result = predict(copy, tf.tensor(values, x.shape));
  copy.dispose();
  tf.setBackend('onnx');
  return result;
}

function expectRight(model: tfl.LayersModel, x: tf.Tensor): void {
  expect(difference(predict(model, x), expected(model, x))).toBeNull();
}

/** Predicts until the weights are constants. */
function settle(model: tfl.LayersModel, x: tf.Tensor): void {
  for (let i = 0; i < 5; i++) predict(model, x);
  expect(engineStats().constantGraphs).toBe(1);
}

it('model.predict settles on constants, and stays there', () => {
  const model = network();
  const x = pictures(2, 1);
  settle(model, x);
  const { compilations } = engineStats();
  for (let i = 0; i < 10; i++) expectRight(model, x);
  const y = pictures(2, 2);
  expectRight(model, y);
  expect(engineStats().compilations).toBe(compilations);
  tf.dispose([x, y]);
  model.dispose();
});

it('only variables become constants: what is predicted twice is an input all the same', () => {
  const x = pictures(2, 1);
  for (let i = 0; i < 8; i++) tf.tidy(() => tf.sum(tf.square(x)).dataSync());
  expect(engineStats().constantGraphs).toBe(0);
  x.dispose();
});

it('a head that learns on a frozen network gets the same bits, however often the process has seen the step', async () => {
  const x = pictures(4, 1);
  const labels = numbers<tf.Rank.R2>([4, 4], 2);
  const start = network();
  const run = async () => {
    const model = network();
    model.setWeights(start.getWeights());
    for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' });
    for (let step = 0; step < 8; step++) await model.trainOnBatch(x, labels);
    expect(engineStats().constantGraphs).toBe(0);
    const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
    model.dispose();
    return weights;
  };
  const first = await run();
  expect(await run()).toEqual(first);
  expect(await run()).toEqual(first);
  tf.dispose([x, labels]);
  start.dispose();
});

const changes: Record<string, (model: tfl.LayersModel, x: tf.Tensor) => void | Promise<void>> = {
  assign: (model) => {
    const [filter] = model.getWeights() as tf.Variable[];
    tf.tidy(() => filter?.assign(tf.mul(filter, 2)));
  },
  setWeights: (model) => {
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.add(tf.mul(weight, 0.5), 0.1))));
  },
  'one training step': async (model, x) => {
    const labels = tf.ones([x.shape[0] ?? 1, 4]);
    await model.trainOnBatch(x, labels);
    labels.dispose();
  },
  'the same numbers again': (model) => {
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.clone(weight))));
  },
  'a training step of which nothing is read': (model, x) => {
    const optimizer = tf.train.sgd(0.1);
    optimizer.minimize(() => tf.mean(tf.square(model.apply(x) as tf.Tensor)) as tf.Scalar);
    optimizer.dispose();
  },
};

it.each(Object.keys(changes))('no stale weights after %s', async (change) => {
  const model = network();
  const x = pictures(2, 3);
  settle(model, x);
  for (let round = 0; round < 3; round++) {
    await changes[change]?.(model, x);
    for (let i = 0; i < 6; i++) expectRight(model, x);
  }
  x.dispose();
  model.dispose();
});

it('values that come back are seen as well', () => {
  const model = network();
  const x = pictures(1, 4);
  const first = model.getWeights().map((weight) => tf.clone(weight));
  settle(model, x);
  const before = predict(model, x);
  tf.tidy(() => model.setWeights(first.map((weight) => tf.mul(weight, 3))));
  expectRight(model, x);
  model.setWeights(first);
  for (let i = 0; i < 6; i++) expect(difference(predict(model, x), before)).toBeNull();
  tf.dispose([x, ...first]);
  model.dispose();
});

it('another model of the same structure does not get the weights of the first', () => {
  const x = pictures(2, 5);
  const [first, second] = [network(), network()];
  for (let i = 0; i < 24; i++) {
    expectRight(first, x);
    expectRight(second, x);
  }
  first.dispose();
  const third = network();
  for (let i = 0; i < 6; i++) {
    expectRight(second, x);
    expectRight(third, x);
  }
  tf.dispose(x);
  second.dispose();
  third.dispose();
});

it('lets go of the constants when the weights change, when the model goes, and when nobody predicts', async () => {
  const model = network();
  const x = pictures(2, 6);
  const labels = tf.ones([2, 4]);
  settle(model, x);
  await model.trainOnBatch(x, labels);
  expect(engineStats().constantGraphs).toBe(0);
  for (let i = 0; i < 20; i++) predict(model, x);
  expect(engineStats().constantGraphs).toBe(1);
  for (let i = 0; i < 70; i++) tf.tidy(() => tf.sum(x).dataSync());
  expect(engineStats().constantGraphs).toBe(0);
  for (let i = 0; i < 60; i++) predict(model, x);
  expect(engineStats().constantGraphs).toBe(1);
  model.dispose();
  expect(engineStats().constantGraphs).toBe(0);
  tf.dispose([x, labels]);
});

it('holds weights once, whatever the number of batch sizes', () => {
  const model = network();
  const [one, two] = [pictures(1, 7), pictures(2, 8)];
  for (let i = 0; i < 40; i++) {
    predict(model, one);
    predict(model, two);
    expect(engineStats().constantGraphs).toBeLessThanOrEqual(1);
  }
  const { compilations } = engineStats();
  for (let i = 0; i < 40; i++) {
    expectRight(model, one);
    expectRight(model, two);
  }
  // expected() reads weights, which computes nothing: no graph is new.
  expect(engineStats().compilations).toBe(compilations);
  tf.dispose([one, two]);
  model.dispose();
});

it('training with validation after each epoch compiles less and less', async () => {
  const model = network();
  const [x, validation] = [pictures(4, 9), pictures(5, 10)];
  const labels = tf.ones([4, 4]);
  const compiled: number[] = [];
  for (let epoch = 0; epoch < 40; epoch++) {
    await model.trainOnBatch(x, labels);
    for (let i = 0; i < 8; i++) predict(model, validation);
    compiled.push(engineStats().compilations);
  }
  const [first = 0, third = 0, last = 0] = [compiled[0], compiled[2], compiled.at(-1)];
  expect(third - first).toBeLessThanOrEqual(3);
  expect(last).toBe(third);
  expectRight(model, validation);
  tf.dispose([x, validation, labels]);
  model.dispose();
});

it('any order of predictions and changes gives the product of what is there', () => {
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('predict' as const), rows: fc.constantFrom(1, 2) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('assign' as const), value: fc.integer({ min: -9, max: 9 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('restore' as const, 'renew' as const, 'hold' as const) }),
    },
  );
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 60 }), (commands) => {
      const before = tf.memory().numTensors;
      let variable = tf.variable(tf.fill([3, 2], 1));
      let current = 1;
      let kept: { tensor: tf.Tensor; value: number } | null = null;
      for (const command of commands) {
        switch (command.kind) {
          case 'predict': {
            const y = tf.tidy(() => tf.matMul(tf.ones([command.rows, 3]), variable as tf.Tensor2D).dataSync());
            expect(Array.from(y)).toEqual(new Array(command.rows * 2).fill(3 * current));
            break;
          }
          case 'assign':
            current = command.value;
            tf.tidy(() => variable.assign(tf.fill([3, 2], current)));
            break;
          case 'hold':
            kept?.tensor.dispose();
            kept = { tensor: tf.clone(variable), value: current };
            break;
          case 'restore':
            if (kept === null) break;
            current = kept.value;
            variable.assign(kept.tensor);
            break;
          case 'renew':
            variable.dispose();
            current = 5;
            variable = tf.tidy(() => tf.variable(tf.fill([3, 2], 5)));
            break;
        }
      }
      variable.dispose();
      kept?.tensor.dispose();
      // The tensor that the first variable was made of.
      expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
      tf.disposeVariables();
    }),
    { numRuns: 60 },
  );
});
