import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import {
  batchNorm,
  connect,
  contrastNormalization,
  conv2d,
  dense,
  dropout,
  elu,
  flatten,
  highwayBlock,
  maxout,
  maxPooling2d,
  mlpconv,
  prelu,
  relu,
  spatialPyramidPooling,
  squeezeAndExcitation,
} from '@cnnzoo/blocks';
import { lenet5 } from '@cnnzoo/lenet';
import { adamw, lars, rmsprop, type StatefulOptimizer, sgd, updateWeights } from '@cnnzoo/train';
import { readSafetensors, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { runTrainingStep } from '../testing/run-training-step.js';
import { exportTrainingStep, type TrainingStepOptions } from './export-training-step.js';
import { loadTrainingState } from './load-training-state.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2 });
  await tf.setBackend('onnx');
});

/** A convolution, batch norm, dropout and two dense layers, one of them after a flatten: with an auxiliary head. */
function smallNetwork(): LayersModel {
  const x = input({ shape: [8, 8, 3] });
  const features = connect(
    x,
    conv2d({ name: 'conv1', filters: 6, kernelSize: 3, padding: 1, useBias: false }),
    batchNorm({ name: 'bn1' }),
    relu({ name: 'relu1' }),
    maxPooling2d({ name: 'pool1', poolSize: 2 }),
  );
  const flat = connect(features, flatten({ name: 'flatten' }), dropout({ name: 'drop', rate: 0.4, seed: 7 }));
  const outputs = [connect(flat, dense({ name: 'fc', units: 5 })), connect(flat, dense({ name: 'aux', units: 5 }))];
  return makeModel({ inputs: x, outputs });
}

/** What the networks of the lecture's other tables are made of. */
function otherBlocks(): LayersModel {
  const x = input({ shape: [8, 8, 3] });
  const y = connect(
    mlpconv(connect(x, contrastNormalization({ name: 'contrast', scale: 10 })), {
      ...{ name: 'mlp', filters: [6, 8], kernelSize: 3, padding: 1 },
    }),
    conv2d({ name: 'even', filters: 8, kernelSize: 2, padding: 'same' }),
    elu({ name: 'elu' }),
    maxout({ name: 'maxout', pieces: 2 }),
    prelu({ name: 'prelu' }),
  );
  const gated = squeezeAndExcitation(highwayBlock(y, { name: 'highway' }), { name: 'se', reduction: 2 });
  const pooled = connect(gated, spatialPyramidPooling({ name: 'pyramid', levels: [2, 1] }));
  return makeModel({ inputs: x, outputs: connect(pooled, dense({ name: 'fc', units: 5 })) });
}

function batches(count: number, batchSize: number, shape: readonly number[], classes: number) {
  return Array.from({ length: count }, (_, step) => ({
    images: tf.randomNormal(
      [batchSize, ...shape] as [number, number, number, number],
      0,
      1,
      'float32',
      step + 1,
    ) as tf.Tensor4D,
    labels: tf.tensor1d(
      Array.from({ length: batchSize }, (_, i) => (i * 7 + step) % classes),
      'int32',
    ),
  }));
}

const rates = [0.02, 0.01, 0.005];

/** Steps of the engine, and of the file alone: losses and weights of both. */
async function compare(
  network: () => LayersModel,
  optimizer: () => StatefulOptimizer,
  options: Omit<TrainingStepOptions, 'optimizer' | 'batchSize'>,
) {
  const [model, copy, used] = [network(), network(), optimizer()];
  copy.setWeights(model.getWeights());
  const { operators: _, opset: __, ...update } = options;
  const batchSize = 4;
  const data = batches(rates.length, batchSize, model.inputs[0]?.shape.slice(1).map(Number) ?? [], 5);
  const step = exportTrainingStep(model, { optimizer: used, batchSize, ...options });
  const expected: number[] = [];
  for (const [i, batch] of data.entries()) {
    used.learningRate = rates[i] ?? 0;
    const { loss, ...others } = updateWeights(model, used, batch, update);
    expected.push((await loss.data())[0] ?? Number.NaN);
    tf.dispose([loss, others as tf.TensorContainer]);
  }
  const { losses, state } = await runTrainingStep(step, data, rates);
  const back = optimizer();
  loadTrainingState(copy, back, step.manifest, state);
  return { expected, losses, model, copy, used, back, step };
}

function largestDeviation(a: LayersModel, b: LayersModel): number {
  const others = stateDict(b);
  return Math.max(
    ...[...stateDict(a)].map(([key, { data }]) => {
      const other = others.get(key)?.data ?? [];
      const norm = Math.hypot(...(data as Float32Array));
      return Math.hypot(...Array.from(data as Float32Array, (value, i) => value - Number(other[i]))) / (norm || 1);
    }),
  );
}

const optimizers: Record<string, () => StatefulOptimizer> = {
  sgd: () => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
  rmsprop: () => rmsprop({ learningRate: 0.1, decay: 0.9, momentum: 0.9, epsilon: 1, epsilonInsideRoot: true }),
  adamw: () => adamw({ learningRate: 0.1, weightDecay: 0.05, decayBiasesAndNorms: false }),
  lars: () => lars({ learningRate: 0.1, weightDecay: 1e-4 }),
};

describe.each(['standard', 'onnxruntime'] as const)('with operators: %s', (operators) => {
  test.each(Object.keys(optimizers))('a file trains as the engine does, by %s, and comes back', async (name) => {
    const optimizer = optimizers[name] ?? (() => sgd({ learningRate: 1 }));
    const clipping = name === 'sgd' ? { norm: 0.5, value: 0.1 } : {};
    const run = await compare(smallNetwork, optimizer, {
      operators,
      clipping,
      labelSmoothing: 0.1,
      auxiliaryWeight: 0.4,
    });
    for (const [i, loss] of run.expected.entries())
      expect(Math.abs((run.losses[i] ?? 0) / loss - 1)).toBeLessThan(1e-5);
    expect(largestDeviation(run.model, run.copy)).toBeLessThan(1e-5);
    // Dropout and what the optimizer remembers come back, too: the next step is the same.
    const [batch] = batches(1, 4, [8, 8, 3], 5);
    if (batch === undefined) throw new Error('no batch');
    run.back.learningRate = run.used.learningRate;
    const next = [updateWeights(run.model, run.used, batch), updateWeights(run.copy, run.back, batch)];
    const [here, there] = await Promise.all(next.map(({ loss }) => loss.data()));
    expect(run.back.iterations).toBe(4);
    expect(Math.abs(Number(there?.[0]) / Number(here?.[0]) - 1)).toBeLessThan(1e-5);
  });
});

test('a file trains highway layers, squeeze-and-excitation, maxout, PReLU and their like as the engine does', async () => {
  const run = await compare(otherBlocks, () => sgd({ learningRate: 0.1, momentum: 0.9 }), {});
  for (const [i, loss] of run.expected.entries()) expect(Math.abs((run.losses[i] ?? 0) / loss - 1)).toBeLessThan(1e-5);
  expect(largestDeviation(run.model, run.copy)).toBeLessThan(1e-5);
});

test('LeNet-5: names of inputs and outputs are the layers’ names, and the model stays as it was', async () => {
  const [model, optimizer] = [lenet5({ seed: 1 }), sgd({ learningRate: 0.1, momentum: 0.9 })];
  const before = stateDict(model);
  const { manifest, state } = exportTrainingStep(model, { optimizer, batchSize: 2 });
  expect(optimizer.iterations).toBe(0);
  expect([...stateDict(model)].map(([key, { data }]) => [key, [...data].slice(0, 9)])).toEqual(
    [...before].map(([key, { data }]) => [key, [...data].slice(0, 9)]),
  );
  const entry = manifest.carry.find(({ input }) => input === 'conv1.weight');
  expect(entry).toMatchObject({ output: 'conv1.weight.new', shape: [6, 1, 5, 5], layout: 'OIHW' });
  expect(manifest.carry.map(({ input }) => input).sort()).toEqual([...(await readSafetensors(state)).keys()].sort());
  expect(Object.keys(manifest.inputs)).toEqual(['images', 'labels', 'learning_rate']);
  expect(manifest.outputs).toEqual(['loss', 'accuracy', 'gradient_norm']);
});

test('tensors: none is left behind', () => {
  const [model, optimizer] = [smallNetwork(), sgd({ learningRate: 0.1 })];
  exportTrainingStep(model, { optimizer, batchSize: 2 });
  const before = tf.memory().numTensors;
  exportTrainingStep(model, { optimizer, batchSize: 2 });
  expect(tf.memory().numTensors).toBe(before);
});

test('a layer that draws numbers of its own is named', () => {
  const x = input({ shape: [8] });
  const y = connect(x, layers.dropout({ rate: 0.5, name: 'theirs' }), dense({ name: 'fc', units: 3 }));
  const model = makeModel({ inputs: x, outputs: y });
  expect(() => exportTrainingStep(model, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 2 })).toThrow(
    /layer 'theirs' reads numbers that are other ones in each step/,
  );
});

test.each<[string, object]>([
  ['batchSize must be', { batchSize: 0 }],
  ['operators must be', { operators: 'fast' }],
  ['optimizer must be', { optimizer: tf.train.sgd(0.1) }],
])('says: %s', (message, wrong) => {
  const options = { optimizer: sgd({ learningRate: 0.1 }), batchSize: 2, ...wrong };
  expect(() => exportTrainingStep(lenet5(), options as TrainingStepOptions)).toThrow(message);
});
