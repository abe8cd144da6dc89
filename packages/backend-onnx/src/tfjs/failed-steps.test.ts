/** What a failure leaves behind: nothing. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';

beforeEach(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

afterEach(() => {
  tf.env().set('IS_TEST', false);
});

const optimizers: readonly [string, () => tf.Optimizer][] = [
  ['SGD', () => tf.train.sgd(0.1)],
  ['momentum', () => tf.train.momentum(0.1, 0.9)],
  ['Adam', () => tf.train.adam(0.1)],
  ['RMSProp', () => tf.train.rmsprop(0.1)],
];

function embeddingModel(optimizer: tf.Optimizer): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(
    tfl.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: 2, embeddingsInitializer: 'ones', name: 'words' }),
  );
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.batchNormalization());
  model.add(tfl.layers.dense({ units: 1, kernelInitializer: 'ones' }));
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

/** Losses and weights of good steps, with steps among them that fail. */
async function train(make: () => tf.Optimizer, batches: readonly number[][]) {
  const model = embeddingModel(make());
  const y = tf.tensor2d([[1], [3]]);
  const losses: number[] = [];
  const errors: string[] = [];
  for (const ids of batches) {
    const x = tf.tensor2d([ids, [1, 2]]);
    try {
      const { history } = await model.fit(x, y, { verbose: 0, shuffle: false });
      losses.push(history['loss']?.[0] as number);
    } catch (error) {
      errors.push((error as Error).message);
    }
    x.dispose();
  }
  const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
  y.dispose();
  model.dispose();
  return { losses, errors, weights };
}

describe('a step that fails when its graph runs', () => {
  it.each(optimizers)('changes nothing with %s: the next one gives what it would have given', async (_, make) => {
    const good = [
      [0, 1],
      [2, 3],
      [0, 4],
      [1, 1],
    ];
    const expected = await train(make, good);
    const found = await train(make, [
      good[0] ?? [],
      good[1] ?? [],
      [0, 9],
      [7, 0],
      good[2] ?? [],
      [0, -8],
      good[3] ?? [],
    ]);
    expect(expected.errors).toEqual([]);
    expect(found.errors).toHaveLength(3);
    expect(found.errors[0]).toMatch(
      /GatherV2\(float32\[5,2\] 'words\/embeddings\w*', int32\[4\]\).*could not be computed/,
    );
    expect(found.losses).toEqual(expected.losses);
    expect(found.weights).toEqual(expected.weights);
  });

  it('is told by the next operation where nobody reads its loss, and leaves no tensor', () => {
    const weights = tf.variable(tf.tensor1d([1, 2, 3]));
    const optimizer = tf.train.adam(0.1);
    const step = (id: number) =>
      tf.tidy(() => {
        const ids = tf.tensor1d([id]);
        optimizer.minimize(() => tf.sum(tf.square(tf.gather(weights, tf.cast(ids, 'int32')))) as tf.Scalar);
      });
    step(0);
    step(1);
    const good = [...weights.dataSync()];
    const { numTensors } = tf.memory();
    step(5);
    expect(() => step(2)).toThrow(/GatherV2.*Variables have the values from before this step/s);
    expect([...weights.dataSync()]).toEqual(good);
    expect(tf.memory().numTensors).toBe(numTensors);
    step(2);
    expect([...weights.dataSync()]).not.toEqual(good);
    weights.dispose();
    optimizer.dispose();
  });

  it('leaves values that were assigned before it', () => {
    const weights = tf.variable(tf.tensor1d([1, 2, 3]));
    weights.assign(tf.tensor1d([4, 5, 6]));
    const ids = tf.cast(tf.tensor1d([7]), 'int32');
    weights.assign(tf.add(weights, tf.gather(weights, ids)));
    expect(() => weights.dataSync()).toThrow(/GatherV2/);
    expect([...weights.dataSync()]).toEqual([4, 5, 6]);
    weights.dispose();
  });
});

describe('one bad value', () => {
  it('fails alone, and the message names operation, shapes and length', () => {
    const good = tf.mul(tf.ones([2]), 3);
    const bad = tf.add(tf.ones([2]), [tf.ones([2])] as unknown as tf.Tensor);
    expect(() => bad.dataSync()).toThrow(
      /Add\(float32\[2\], float32\[1\]\) -> float32\[2\] could not be computed: a float32 tensor of shape \[1\] was made of 0 values, expected 1/,
    );
    expect([...good.dataSync()]).toEqual([3, 3]);
    expect(() => tf.neg(bad).dataSync()).toThrow(/made of 0 values/);
  });
});

it('tfjs counts no leak with IS_TEST while layers train', async () => {
  tf.env().set('IS_TEST', true);
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 3, inputShape: [4], activation: 'relu' }), tfl.layers.dense({ units: 2 })],
  });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [x, y] = [tf.ones([5, 4]), tf.zeros([5, 2])];
  const before = tf.memory();
  expect(await model.trainOnBatch(x, y)).toBeGreaterThanOrEqual(0);
  await model.trainOnBatch(x, y);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  tf.dispose([x, y]);
  model.dispose();
});

describe('between backends', () => {
  it('complex tensors keep their numbers', async () => {
    const numbers = () => tf.complex([1, 2], [3, 4]);
    const square = (x: tf.Tensor) => [...tf.mul(x, x).dataSync()];
    const onnx = numbers();
    await tf.setBackend('cpu');
    const cpu = numbers();
    expect(square(onnx)).toEqual([-8, 6, -12, 16]);
    await tf.setBackend('onnx');
    expect(square(cpu)).toEqual([-8, 6, -12, 16]);
    expect(square(onnx)).toEqual([-8, 6, -12, 16]);
    tf.dispose([onnx, cpu]);
  });

  it('tensors that share data under several shapes do so on the next one', async () => {
    await tf.setBackend('cpu');
    const line = tf.tensor1d([1, 2, 3, 4]);
    const square = tf.reshape(line, [2, 2]);
    await tf.setBackend('onnx');
    expect(tf.matMul(square as tf.Tensor2D, square as tf.Tensor2D).arraySync()).toEqual([
      [7, 10],
      [15, 22],
    ]);
    expect([...tf.add(line, 1).dataSync()]).toEqual([2, 3, 4, 5]);
  });

  it('reading after removeBackend says what happened', async () => {
    const pending = tf.add(tf.tensor1d([1]), 1);
    const computed = tf.add(tf.tensor1d([1]), 2);
    computed.dataSync();
    const late = tf.add(computed, pending);
    tf.removeBackend('onnx');
    expect([...computed.dataSync()]).toEqual([3]);
    expect(() => late.dataSync()).toThrow(/backend 'onnx' was removed before this tensor was computed/);
  });
});
