/** A network that an npm package ships as a GraphModel: nsfwjs's MobileNetV2. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportOnnx } from '../export/export-onnx.js';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { difference, numbers } from '../testing/both-backends.js';
import { freeze } from './freeze.js';

let model: GraphModel;

/** The package holds model.json and its weights as CommonJS modules of JSON and base64. */
async function load(): Promise<GraphModel> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('nsfwjs')), '..', 'models', 'mobilenet_v2_mid');
  const json = require(join(folder, 'model.min.js')) as {
    modelTopology: object;
    weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  };
  const bytes = json.weightsManifest
    .flatMap(({ paths }) => paths)
    .map((path) => Buffer.from(require(join(folder, `${path}.min.js`)) as string, 'base64'));
  const whole = Buffer.concat(bytes);
  return loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
      weightData: whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength) as ArrayBuffer,
    }),
  });
}

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
  model = await load();
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
