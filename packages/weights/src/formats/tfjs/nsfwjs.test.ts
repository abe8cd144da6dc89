/** The trained InceptionV3 of nsfwjs: a tfjs layers model with weights quantized to 8 bits. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { decodeImage } from '@cnnzoo/data';
import { inceptionV3 } from '@cnnzoo/inception';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadStateDict } from '../../model/load-state-dict.js';
import { applyWeightRules } from '../../published/weight-rules.js';
import { layersModelFolder, readLayersModel } from './layers-model.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-nsfwjs-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The package holds model.json and its files as CommonJS modules of JSON and base64.
beforeAll(async () => {
  const require = createRequire(import.meta.url);
  const models = join(dirname(require.resolve('nsfwjs')), '..', 'models', 'inception_v3');
  const json = require(join(models, 'model.min.js')) as { weightsManifest: { paths: string[] }[] };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  for (const path of json.weightsManifest.flatMap(({ paths }) => paths))
    writeFileSync(join(folder, path), Buffer.from(require(join(models, `${path}.min.js`)) as string, 'base64'));
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

/** A photo at 299x299, values 0 to 1. */
async function photo(): Promise<tf.Tensor4D> {
  const path = fileURLToPath(new URL('../../../../transforms/src/fixtures/photo.png', import.meta.url));
  const { data, width, height } = await decodeImage(readFileSync(path), path, { channels: 3, maxPixels: 1e7 });
  return tf.tidy(() => {
    const pixels = tf.tensor4d(
      Float32Array.from(data, (value) => value / 255),
      [1, height, width, 3],
    );
    return tf.image.resizeBilinear(pixels, [299, 299]);
  });
}

async function prediction(backend: string): Promise<Float32Array> {
  await tf.setBackend(backend);
  const model = await tfl.loadLayersModel(layersModelFolder(folder));
  const found = Float32Array.from((model.predict(await photo()) as tf.Tensor).dataSync());
  await tf.setBackend('onnx');
  return found;
}

test('loads and predicts on backend onnx', async () => {
  const found = await prediction('onnx');
  expect(found).toHaveLength(5);
  expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
});

// A minute in JavaScript.
test.skipIf(process.env['CNNZOO_LONG_TESTS'] !== '1')(
  'predicts as the cpu backend does',
  { timeout: 900_000 },
  async () => {
    const [found, expected] = [await prediction('onnx'), await prediction('cpu')];
    const difference = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? 0))));
    console.log(
      `nsfwjs on onnx and on cpu: ${Array.from(found, (v) => v.toFixed(5))}, largest difference ${difference}`,
    );
    expect(difference).toBeLessThan(1e-4);
  },
);

test('its convolutions and batch norms load into our Inception-v3; its head is another', async () => {
  const model = inceptionV3({ includeTop: false, countIncludePad: false, initialWeights: 'zeros' });
  const dict = applyWeightRules(await readLayersModel(folder), 'kerasInceptionV3', model);
  const { loaded, missing, unexpected } = loadStateDict(model, dict, { strict: false });
  expect({ loaded: loaded.length, missing }).toEqual({ loaded: 470, missing: [] });
  // Three dense layers of its own, in the place of `fc`.
  expect([...unexpected].sort()).toEqual([1, 2, 3].flatMap((i) => [`dense_${i}.bias`, `dense_${i}.weight`]));

  // The feature maps are those of its own last module.
  const original = await tfl.loadLayersModel(layersModelFolder(folder));
  const x = await photo();
  const { output } = original.getLayer('mixed10');
  const theirs = tfl.model({ inputs: original.inputs, outputs: output });
  const error = tf.tidy(() => {
    const expected = theirs.predict(x) as tf.Tensor;
    return tf.div(tf.norm(tf.sub(model.predict(x) as tf.Tensor, expected)), tf.norm(expected)).dataSync()[0];
  });
  expect(error).toBeLessThan(1e-4);
});
