import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import { dropout } from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

const ones = (n: number) => tf.ones([n]);
const masked = (layer: ReturnType<typeof dropout>, n: number) =>
  Array.from(tf.tidy(() => (layer.apply(ones(n), { training: true }) as tf.Tensor).dataSync()));

test('drops its rate, and the rest grows', () => {
  const values = masked(dropout({ rate: 0.3, seed: 1 }), 100_000);
  const dropped = values.filter((value) => value === 0).length / values.length;
  expect(Math.abs(dropped - 0.3)).toBeLessThan(0.01);
  expect(values.every((value) => value === 0 || value === Math.fround(1 / 0.7))).toBe(true);
});

test('a mask follows from the seed and how many came before', () => {
  const layer = dropout({ rate: 0.5, seed: 1 });
  const [first, second] = [masked(layer, 64), masked(layer, 64)];
  expect(second).not.toEqual(first);
  const again = dropout({ rate: 0.5, seed: 1 });
  again.masksDrawn = 1;
  expect(masked(again, 64)).toEqual(second);
  expect(masked(dropout({ rate: 0.5, seed: 2 }), 64)).not.toEqual(first);
});

test('does nothing outside of training, or at rate 0; everything at 1', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const apply = (rate: number, training: boolean) =>
    Array.from((dropout({ rate }).apply(x, { training }) as tf.Tensor).dataSync());
  expect(apply(0.5, false)).toEqual([1, 2, 3]);
  expect(apply(0, true)).toEqual([1, 2, 3]);
  expect(apply(1, true)).toEqual([0, 0, 0]);
});

test('the gradient passes where the activation did', () => {
  const layer = dropout({ rate: 0.5, seed: 3 });
  const gradient = tf.grad((x) => tf.sum(layer.apply(x, { training: true }) as tf.Tensor))(ones(64));
  layer.masksDrawn = 0;
  expect(Array.from(gradient.dataSync())).toEqual(masked(layer, 64));
});

test('refuses a rate that is none', () => {
  expect(() => dropout({ rate: 1.1 })).toThrow(RangeError);
  expect(() => dropout({ rate: '0.5' as never })).toThrow(TypeError);
});
