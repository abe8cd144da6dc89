import '@tensorflow/tfjs-backend-cpu';
import { connect, conv2d, dense, flatten, maxPooling2d, relu } from '@cnnzoo/blocks';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { lsuv, orthonormal } from './lsuv.js';
import { preInitialise } from './pre-initialise.js';

/** A VGG of few filters: convolutions of each stage, as in the paper's table, then two dense layers. */
function tinyVgg(stages: readonly number[][], units = 3): LayersModel {
  const x = input({ shape: [8, 8, 1] });
  let y = x;
  for (const [s, filters] of stages.entries()) {
    for (const [i, count] of filters.entries())
      y = connect(
        y,
        conv2d({ name: `conv${s + 1}-${i + 1}`, filters: count, kernelSize: 3, padding: 1 }),
        relu({ name: `relu${s + 1}-${i + 1}` }),
      );
    y = connect(y, maxPooling2d({ name: `pool${s + 1}`, poolSize: 2 }));
  }
  y = connect(y, flatten({ name: 'flatten' }), dense({ name: 'fc1', units: 4 }), dense({ name: 'fc2', units }));
  return model({ inputs: x, outputs: y });
}

const values = (network: LayersModel, name: string) =>
  network.getLayer(name).weights.map((weight) => [...weight.read().dataSync()]);

test("carries A's first four convolutions and dense layers over, the rest is normal of deviation 0.1", () => {
  const a = tinyVgg([[4], [8], [16, 16]]);
  const d = tinyVgg([
    [4, 4],
    [8, 8],
    [16, 16, 16],
  ]);
  const { copied, random } = preInitialise(a, d, { seed: 1 });
  expect(copied).toEqual(['conv1-1', 'conv2-1', 'conv3-1', 'conv3-2', 'fc1', 'fc2']);
  expect(random).toEqual(['conv1-2', 'conv2-2', 'conv3-3']);
  for (const name of copied) expect(values(d, name)).toEqual(values(a, name));
  const [kernel = [], bias = []] = values(d, 'conv3-3');
  expect(bias).toEqual(new Array(16).fill(0));
  const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
  const variance = kernel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kernel.length;
  expect(mean).toBeCloseTo(0, 2);
  expect(Math.abs(variance - 0.01)).toBeLessThan(0.001);
});

test('the same seed draws the same weights', () => {
  const a = tinyVgg([[2], [2], [2, 2]]);
  const networks = [1, 1, 2].map((seed) => {
    const deeper = tinyVgg([[2, 2], [2], [2, 2]]);
    preInitialise(a, deeper, { seed });
    return values(deeper, 'conv1-2');
  });
  expect(networks[0]).toEqual(networks[1]);
  expect(networks[0]).not.toEqual(networks[2]);
});

test('networks that do not fit are errors before anything changes', () => {
  const a = tinyVgg([[2], [2], [2, 2]]);
  const shallow = tinyVgg([[2], [2]]);
  expect(() => preInitialise(a, shallow)).toThrow("to has no convolution at the place of 'conv3-1' (3-1)");
  const other = tinyVgg([[2, 2], [2], [2, 2]], 5);
  const before = values(other, 'conv1-1');
  expect(() => preInitialise(a, other)).toThrow(
    "'fc2' of to has weights [4,5] [5], expected [4,3] [3] as 'fc2' of from",
  );
  expect(values(other, 'conv1-1')).toEqual(before);
});

test('orthonormal weights, whichever of inputs and outputs are fewer', () => {
  const network = tinyVgg([[4], [8], [16, 16]]);
  orthonormal(network, { seed: 3 });
  for (const name of ['conv1-1', 'conv2-1', 'conv3-1', 'fc1', 'fc2']) {
    const [kernel, bias] = network.getLayer(name).getWeights();
    const outputs = Number(kernel?.shape.at(-1));
    const rows = tf.tidy(() => {
      const flat = tf.reshape(kernel as tf.Tensor, [-1, outputs]);
      const few = (flat.shape[0] ?? 0) >= outputs;
      return tf.matMul(flat, flat, few, !few).arraySync() as number[][];
    });
    for (const [i, row] of rows.entries())
      for (const [j, value] of row.entries()) expect(value).toBeCloseTo(i === j ? 1 : 0, 5);
    expect([...(bias?.dataSync() ?? [])].every((value) => value === 0)).toBe(true);
  }
});

test('LSUV gives every layer an output of variance 1, with the same weights for a seed', async () => {
  const [network, again] = [tinyVgg([[4], [8], [16, 16]]), tinyVgg([[4], [8], [16, 16]])];
  const images = tf.randomNormal<tf.Rank.R4>([32, 8, 8, 1], 0, 1, 'float32', 5);
  const tensors = tf.memory().numTensors;
  const found = await lsuv(network, images, { tolerance: 0.01, seed: 2 });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(found.map(({ layer }) => layer)).toEqual(['conv1-1', 'conv2-1', 'conv3-1', 'conv3-2', 'fc1', 'fc2']);
  for (const { variance } of found) expect(Math.abs(variance - 1)).toBeLessThan(0.01);
  await lsuv(again, images, { tolerance: 0.01, seed: 2 });
  expect(values(again, 'fc2')).toEqual(values(network, 'fc2'));
  await expect(lsuv(network, images, { tolerance: 0 })).rejects.toThrow(/tolerance must be/);
});
