/** The onnx backend makes weights constants that have not changed for a while: loading others must not go unnoticed. */
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { lenet5 } from '@cnnzoo/lenet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { loadStateDict, stateDict } from '../index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

it('a state dict that is loaded between predictions counts at once', () => {
  const [model, other] = [lenet5({ seed: 1 }), lenet5({ seed: 2 })];
  const x = tf.randomNormal([2, 32, 32, 1], 0, 1, 'float32', 3);
  const predict = (network: typeof model) => tf.tidy(() => (network.predict(x) as tf.Tensor).dataSync().slice());
  const own = stateDict(model);
  const [first, second] = [predict(model), predict(other)];
  expect(first).not.toEqual(second);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6; i++) expectClose(predict(model), first);
    loadStateDict(model, stateDict(other));
    for (let i = 0; i < 6; i++) expectClose(predict(model), second);
    loadStateDict(model, own);
  }
  x.dispose();
  model.dispose();
  other.dispose();
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  Array.from(actual).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
  });
}
