import * as tf from '@tensorflow/tfjs-core';
import { input, loadLayersModel, model as makeModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import {
  connect,
  constant,
  conv2d,
  dense,
  glorotUniform,
  type Initializer,
  kaimingNormal,
  lecunNormal,
  normal,
  pytorchUniform,
  truncatedNormal,
  uniform,
  withInitialWeights,
} from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

function moments(initializer: Initializer, shape: number[]) {
  const values = Array.from(tf.tidy(() => initializer.apply(shape).dataSync()));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const moment = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  const deviation = Math.sqrt(moment(2));
  return {
    mean,
    deviation,
    kurtosis: moment(4) / deviation ** 4,
    largest: values.reduce((max, value) => Math.max(max, Math.abs(value)), 0),
  };
}

// [3, 3, 64, 256]: a fan of 576 inputs and 2304 outputs, 147,456 numbers.
test.each([
  ['kaimingNormal', kaimingNormal({ seed: 1 }), Math.sqrt(2 / 576), 3],
  ['kaimingNormal fanOut', kaimingNormal({ mode: 'fanOut', seed: 1 }), Math.sqrt(2 / 2304), 3],
  ['lecunNormal', lecunNormal({ seed: 1 }), 1 / Math.sqrt(576), 3],
  ['pytorchUniform', pytorchUniform({ seed: 1 }), 1 / Math.sqrt(3 * 576), 1.8],
  ['glorotUniform', glorotUniform({ seed: 1 }), Math.sqrt(2 / (576 + 2304)), 1.8],
  ['uniform', uniform({ bound: 0.3, seed: 1 }), 0.3 / Math.sqrt(3), 1.8],
  ['normal', normal({ deviation: 0.01, seed: 1 }), 0.01, 3],
  // A normal distribution cut at two deviations has 0.8796 of its deviation, and less in the tails.
  ['truncatedNormal', truncatedNormal({ deviation: 0.1, seed: 1 }), 0.1 * 0.87963, 2.36],
])('%s has its distribution', (name, initializer, deviation, kurtosis) => {
  const actual = moments(initializer, [3, 3, 64, 256]);
  expect(Math.abs(actual.mean)).toBeLessThan((4 * deviation) / Math.sqrt(147_456));
  expect(actual.deviation / deviation).toBeCloseTo(1, 2);
  expect(Math.abs(actual.kurtosis - kurtosis)).toBeLessThan(0.06);
  if (name === 'truncatedNormal') expect(actual.largest).toBeLessThanOrEqual(0.2 + 1e-6);
});

test('constant is constant', () => {
  expect(Array.from(constant(1).apply([3]).dataSync())).toEqual([1, 1, 1]);
});

function weights(seed: number | undefined, names: readonly string[], fill: 'random' | 'zeros' = 'random') {
  return withInitialWeights({ ...(seed === undefined ? {} : { seed }), fill }, () =>
    names.map((name) => {
      const layer = conv2d({ name, filters: 4, kernelSize: 3 });
      layer.build([null, 8, 8, 3]);
      return layer.getWeights().map((weight) => Array.from(weight.dataSync()));
    }),
  );
}

test("layers' weights follow from the seed and their names", () => {
  const [a, b] = weights(1, ['a', 'b']);
  expect(weights(1, ['b', 'a'])).toEqual([b, a]);
  expect(a).not.toEqual(b);
  expect(weights(2, ['a'])).not.toEqual([a]);
  expect(weights(undefined, ['a'])).not.toEqual(weights(undefined, ['a']));
});

test('weights that will be loaded are not drawn', () => {
  expect(
    weights(1, ['a'], 'zeros')
      .flat(2)
      .every((value) => value === 0),
  ).toBe(true);
});

test("a bias is as wide as PyTorch's: its kernel's inputs count", () => {
  const layer = dense({ units: 4096, biasInitializer: pytorchUniform({ seed: 1 }) });
  layer.build([null, 100]);
  const bias = layer.getWeights()[1]?.dataSync() ?? [];
  const largest = Math.max(...Array.from(bias, Math.abs));
  expect(largest).toBeLessThanOrEqual(0.1);
  expect(largest).toBeGreaterThan(0.099);
});

test('a saved initializer is the same when it is loaded', async () => {
  const x = input({ shape: [4, 4, 2] });
  const model = makeModel({
    inputs: x,
    outputs: connect(
      x,
      conv2d({
        name: 'c',
        filters: 2,
        kernelSize: 1,
        kernelInitializer: normal({ deviation: 0.01, seed: 9 }),
        biasInitializer: constant(1),
      }),
    ),
  });
  const loaded = await loadLayersModel(
    tf.io.fromMemory({ modelTopology: JSON.parse(JSON.stringify(model.toJSON(null, false))) }),
  );
  expect(loaded.getLayer('c').getConfig()).toEqual(model.getLayer('c').getConfig());
});

test('refuses what is no initializer or no distribution', () => {
  expect(() => conv2d({ name: 'c', filters: 1, kernelSize: 1, kernelInitializer: 'heNormal' as never })).toThrow(
    /kernelInitializer must be .*, got 'heNormal'/,
  );
  expect(() => normal({ deviation: -1 })).toThrow(/deviation must be .*, got -1/);
  expect(() => kaimingNormal({ mode: 'fan' as 'fanIn' })).toThrow(/mode must be .*, got 'fan'/);
  expect(() => withInitialWeights({ seed: 0.5 }, () => 0)).toThrow(/seed must be .*, got 0.5/);
});
