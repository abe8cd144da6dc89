/** A network that an npm package ships as a GraphModel: nsfwjs's MobileNetV2. */

import { shippedGraphModel } from '@cnnzoo/testing/shipped-graph-model';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportOnnx } from '../export/export-onnx.js';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { batchNormGraphModel } from '../testing/batch-norm-graph-model.js';
import { difference, numbers } from '../testing/both-backends.js';
import { compiledBy } from '../testing/compiled-graphs.js';
import { optimizedOperators } from '../testing/optimized-operators.js';
import { freeze } from './freeze.js';

let model: GraphModel;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  model = await shippedGraphModel();
});

afterAll(() => model.dispose());

const images = (count: number, seed: number) => tf.tidy(() => tf.abs(numbers<tf.Rank.R4>([count, 224, 224, 3], seed)));

function predict(x: tf.Tensor): Float32Array {
  return tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync<'float32'>());
}

it('has constant weights after some predictions, and the same numbers', () => {
  const x = images(1, 1);
  const first = predict(x);
  expect(first).toHaveLength(5);
  expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
  for (let i = 0; i < 6; i++) predict(x);
  expect(engineStats().constantGraphs).toBe(1);
  expect(difference(predict(x), first)).toBeNull();
  const other = images(1, 2);
  const found = predict(other);
  expect(engineStats().constantGraphs).toBe(1);
  expect(difference(found, first)).not.toBeNull();
  tf.dispose([x, other]);
});

it('can be frozen, for any number of images, and exported', () => {
  const x = images(2, 3);
  const expected = predict(x);
  const frozen = freeze(model);
  expect(difference(frozen.run(x.dataSync<'float32'>()), expected)).toBeNull();
  const y = frozen.predict(x);
  expect(y.shape).toEqual([2, 5]);
  frozen.dispose();
  const file = exportOnnx(model);
  expect(Buffer.from(file).includes('BatchNormalization')).toBe(false);
  tf.dispose([x, y]);
});

it('has its batch norms in the filters: settled, frozen and exported, nothing but convolutions is left', async () => {
  const pairs = 5;
  const { result, graphs } = await compiledBy(async () => {
    const network = await batchNormGraphModel(pairs);
    const x = numbers<tf.Rank.R4>([2, 12, 12, 8], 4);
    const outputs = Array.from({ length: 6 }, () => tf.tidy(() => (network.predict(x) as tf.Tensor).dataSync()));
    const file = exportOnnx(network);
    const frozen = freeze(network);
    const fromFrozen = frozen.run(x.dataSync<'float32'>());
    frozen.dispose();
    await tf.setBackend('cpu');
    const expected = (network.predict(x) as tf.Tensor).dataSync();
    return { expected, computed: [...outputs, fromFrozen], file };
  });
  for (const output of result.computed) expect(difference(output, result.expected, 1e-5)).toBeNull();
  // The first graph takes the weights as inputs, the second has them.
  expect(graphs).toHaveLength(2);
  const [changing = '', settled = ''] = graphs;
  const asInputs = await optimizedOperators(Buffer.from(changing, 'latin1'));
  expect(asInputs('Mul')).toBeGreaterThan(0);
  for (const model of [Buffer.from(settled, 'latin1'), result.file]) {
    const count = await optimizedOperators(model);
    expect(count('Conv') + count('FusedConv')).toBe(pairs);
    for (const type of ['BatchNormalization', 'Mul', 'Add', 'Sub', 'Div', 'Sqrt']) expect(count(type)).toBe(0);
  }
});
