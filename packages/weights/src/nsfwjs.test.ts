/** The trained InceptionV3 of nsfwjs: a tfjs layers model with weights quantised to 8 bits. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { decodeImage } from '@cnnzoo/data';
import { modelGolden, sharedFile } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layersModelFolder, readLayersModel } from './tfjs-layers-model.js';
import { applyWeightRules } from './weight-rules.js';

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
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

/** The middle of a photo, 299x299, values 0 to 1. */
async function photo(): Promise<tf.Tensor4D | null> {
  const path = sharedFile('data/images/imagenet_00_243.jpg');
  if (path === null) return null;
  const { data, width, height } = await decodeImage(readFileSync(path), path, { channels: 3, maxPixels: 1e7 });
  return tf.tidy(() => {
    const pixels = tf.tensor4d(
      Float32Array.from(data, (value) => value / 255),
      [1, height, width, 3],
    );
    return tf.image.resizeBilinear(pixels, [299, 299]);
  });
}

test('loads and predicts on backend onnx, and as the cpu backend does', async () => {
  const model = await tfl.loadLayersModel(layersModelFolder(folder));
  const x = await photo();
  if (x === null) return;
  const pixels = x.dataSync();
  const found = Float32Array.from((model.predict(x) as tf.Tensor).dataSync());
  expect(found).toHaveLength(5);
  expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
  // A minute in JavaScript: with CNNZOO_LONG_TESTS=1.
  if (process.env['CNNZOO_LONG_TESTS'] !== '1') return;
  await tf.setBackend('cpu');
  const onCpu = await tfl.loadLayersModel(layersModelFolder(folder));
  const expected = (onCpu.predict(tf.tensor4d(pixels, [1, 299, 299, 3])) as tf.Tensor).dataSync();
  await tf.setBackend('onnx');
  const difference = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? 0))));
  console.log(`nsfwjs on onnx and on cpu: ${Array.from(found, (v) => v.toFixed(5))}, largest difference ${difference}`);
  expect(difference).toBeLessThan(1e-4);
}, 300_000);

test("its convolutions and batch norms fit torchvision's Inception-v3; its head is another", async () => {
  const dict = await readLayersModel(folder);
  const model = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [1], units: 1, name: 'none' })] });
  const renamed = applyWeightRules(dict, 'kerasInceptionV3', model);
  const golden = modelGolden('inception_v3');
  if (golden === null) return;
  const trunk = Object.entries(golden.state).filter(
    ([key]) => !/^(AuxLogits|fc)\./.test(key) && !key.endsWith('num_batches_tracked'),
  );
  for (const [key, [output, input, ...spatial]] of trunk)
    expect(renamed.get(key)?.shape, key).toEqual(input === undefined ? [output] : [...spatial, input, output]);
  const others = [...renamed.keys()].filter((key) => !Object.hasOwn(golden.state, key));
  expect(others.every((key) => key.startsWith('dense_'))).toBe(true);
});
