/**
 * Networks of keras.applications with random weights, here and there the same. Takes a minute and a Python with Keras 3:
 *
 *     CNNZOO_LONG_TESTS=1 CNNZOO_PYTHON=venv/bin/python pnpm test
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { inceptionV3 } from '@cnnzoo/inception';
import { resnet50, resnet50V2, resnet101, resnet101V2, resnet152, resnet152V2 } from '@cnnzoo/resnet';
import { vgg16, vgg19 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWeights } from '../formats/read-weights.js';
import { loadStateDict } from '../model/load-state-dict.js';
import { describeWeights } from './registry.js';
import { applyWeightRules } from './weight-rules.js';

const python = process.env['CNNZOO_LONG_TESTS'] === '1' ? process.env['CNNZOO_PYTHON'] : undefined;
const hasKeras =
  python !== undefined &&
  spawnSync(python, ['-c', 'import keras.src, jax, h5py'], { env: { ...process.env, KERAS_BACKEND: 'jax' } }).status ===
    0;
if (!hasKeras)
  console.log('skipped: keras.applications needs CNNZOO_LONG_TESTS=1 and CNNZOO_PYTHON with keras, jax and h5py');

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-keras-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

const floats = (path: string) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);

test.skipIf(!hasKeras).each([
  ['ResNet50', 'resnet50.keras', () => resnet50({ variant: 'v1', initialWeights: 'zeros' })],
  ['ResNet101', 'resnet101.keras', () => resnet101({ variant: 'v1', initialWeights: 'zeros' })],
  ['ResNet152', 'resnet152.keras', () => resnet152({ variant: 'v1', initialWeights: 'zeros' })],
  ['ResNet50V2', 'resnet50_v2.keras', () => resnet50V2({ variant: 'keras', initialWeights: 'zeros' })],
  ['ResNet101V2', 'resnet101_v2.keras', () => resnet101V2({ variant: 'keras', initialWeights: 'zeros' })],
  ['ResNet152V2', 'resnet152_v2.keras', () => resnet152V2({ variant: 'keras', initialWeights: 'zeros' })],
  ['InceptionV3', 'inception_v3.keras', () => inceptionV3({ countIncludePad: false, initialWeights: 'zeros' })],
  ['VGG16', 'vgg16.keras', () => vgg16({ initialWeights: 'zeros' })],
  ['VGG19', 'vgg19.keras', () => vgg19({ initialWeights: 'zeros' })],
] as const)('%s', { timeout: 900_000 }, async (name, id, build) => {
  const script = fileURLToPath(new URL('../fixtures/keras_application.py', import.meta.url));
  const run = spawnSync(python ?? '', [script, name, folder], { encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  const model = build();
  const { rules, preprocessing } = describeWeights(id);
  loadStateDict(model, applyWeightRules(await readWeights(join(folder, `${name}.h5`)), rules, model));

  const { mean, std } = preprocessing;
  const image = floats(join(folder, `${name}.image.f32`)).map(
    (value, i) => (value - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1),
  );
  const error = tf.tidy(() => {
    const side = Math.sqrt(image.length / 3);
    const y = model.predict(tf.tensor4d(image, [1, side, side, 3])) as tf.Tensor;
    const expected = tf.tensor2d(floats(join(folder, `${name}.logits.f32`)), [1, 1000]);
    return tf.div(tf.norm(tf.sub(y, expected)), tf.norm(expected)).dataSync()[0];
  });
  console.log(`${name}: relative error of the logits ${error}`);
  expect(error).toBeLessThan(1e-4);
});
