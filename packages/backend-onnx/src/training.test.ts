/** Networks trained for a few steps through plain tfjs-layers: the losses are those of tfjs's cpu backend. */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { engineStats, registerOnnxBackend } from './register-backend.js';
import { difference, randomValues } from './testing/both-backends.js';
import { lenet, residualNetwork, train } from './testing/small-networks.js';

it.each<[string, () => tfl.LayersModel, () => tf.Optimizer]>([
  ['LeNet by SGD', lenet, () => tf.train.sgd(0.1)],
  ['LeNet by Adam', lenet, () => tf.train.adam(0.01)],
  ['LeNet by RMSProp', lenet, () => tf.train.rmsprop(0.001)],
  ['a residual network by momentum', residualNetwork, () => tf.train.momentum(0.05, 0.9)],
])('%s has the losses of the cpu backend over four steps, without fallbacks', async (_, build, optimizer) => {
  const expected = await train('cpu', build, optimizer);
  const actual = await train('onnx', build, optimizer);
  for (const [i, loss] of expected.losses.entries())
    expect(Math.abs((actual.losses[i] ?? 0) / loss - 1)).toBeLessThan(1e-4);
  expected.weights.forEach((weights, i) => {
    expect(difference(actual.weights[i] ?? [], weights, 2e-3), `weights ${i}`).toBeNull();
  });
  expect(engineStats().fallbacks).toEqual({});
});

it('two models in one process train on their own', async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const models = [lenet(), lenet()];
  const x = tf.tensor4d(randomValues(8 * 144, 5), [8, 12, 12, 1]);
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], 'int32'), 4);
  for (const model of models) {
    const other = models.find((candidate) => candidate !== model);
    const before = other?.getWeights().map((weight) => weight.dataSync().slice());
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
    const history = await model.fit(x, y, { epochs: 5, verbose: 0 });
    const losses = history.history['loss'] as number[];
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    expect(other?.getWeights().map((weight) => weight.dataSync())).toEqual(before);
  }
});
