import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadStateDict } from '../../model/load-state-dict.js';
import { stateDict } from '../../model/state-dict-of-model.js';
import { layersModelFolder, readLayersModel } from './layers-model.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-tfjs-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(folder, { recursive: true }));

const network = () =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [5, 5, 2], filters: 3, kernelSize: 2, name: 'a.conv' }),
      tfl.layers.batchNormalization({ name: 'a.bn' }),
      tfl.layers.flatten({ name: 'flatten' }),
      tfl.layers.dense({ units: 4, name: 'fc' }),
    ],
  });

test('a saved folder is loaded by tfjs, and its weights into another model', async () => {
  const model = network();
  await model.save(layersModelFolder(folder));
  const x = tf.ones([1, 5, 5, 2]);
  const expected = (model.predict(x) as tf.Tensor).dataSync();
  const loaded = await tfl.loadLayersModel(layersModelFolder(join(folder, 'model.json')));
  expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(expected);

  const before = tf.memory().numTensors;
  const dict = await readLayersModel(folder);
  expect(tf.memory().numTensors).toBe(before);
  expect([...dict.keys()].sort()).toEqual([...stateDict(model).keys()].sort());
  const other = network();
  loadStateDict(other, dict);
  expect((other.predict(x) as tf.Tensor).dataSync()).toEqual(expected);
});

test.each([
  ['a path out of the folder', { paths: ['../weights.bin'] }, 'leaves the folder'],
  ['an absolute path', { paths: ['/etc/passwd'] }, 'leaves the folder'],
  ['a missing file', { paths: ['none.bin'] }, 'ENOENT'],
  ['too few bytes', { weights: [{ name: 'a/kernel', shape: [1000], dtype: 'float32' }] }, 'expected 4000'],
  ['negative sizes', { weights: [{ name: 'a/kernel', shape: [-1, -1], dtype: 'float32' }] }, '-1'],
  ['sizes of 2^53', { weights: [{ name: 'a/kernel', shape: [2 ** 53], dtype: 'float32' }] }, '9007199254740992'],
  ['an unknown type', { weights: [{ name: 'a/kernel', shape: [1], dtype: 'toString' }] }, 'cannot be read'],
  ['no names', { weights: [null] }, 'weightsManifest'],
])('%s', async (_, change, message) => {
  const good = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const file = join(folder, 'bad.json');
  writeFileSync(file, JSON.stringify({ ...good, weightsManifest: [{ ...good.weightsManifest[0], ...change }] }));
  await expect(readLayersModel(file)).rejects.toThrow(message);
});

test('no JSON', async () => {
  writeFileSync(join(folder, 'bad.json'), '{');
  await expect(readLayersModel(join(folder, 'bad.json'))).rejects.toThrow('bad.json');
});

test('a weight called __proto__ is read like any other, and no tensor is left over', async () => {
  const weights = ['a/kernel', '__proto__', 'constructor', 'b/__proto__'].map((name) => ({
    name,
    shape: [2],
    dtype: 'float32',
  }));
  const odd = join(folder, 'odd');
  mkdirSync(odd);
  writeFileSync(join(odd, 'w.bin'), new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i).buffer));
  const json = { modelTopology: {}, weightsManifest: [{ paths: ['w.bin'], weights }] };
  writeFileSync(join(odd, 'model.json'), JSON.stringify(json));
  const before = tf.memory().numTensors;
  for (const path of [odd, pathToFileURL(join(odd, 'model.json'))]) {
    const dict = await readLayersModel(path);
    expect([...dict].map(([name, { data }]) => [name, ...data])).toEqual([
      ['a.weight', 0, 1],
      ['__proto__', 2, 3],
      ['constructor', 4, 5],
      ['b.__proto__', 6, 7],
    ]);
  }
  await expect(tfl.loadLayersModel(layersModelFolder(odd))).rejects.toThrow("'__proto__', which tfjs loses");
  expect(tf.memory().numTensors).toBe(before);
});

test('options and paths are checked', async () => {
  await expect(readLayersModel(folder, { limit: 1 } as never)).rejects.toThrow("did you mean 'limits'?");
  await expect(readLayersModel(3 as never)).rejects.toThrow('path must be a folder');
  expect(() => layersModelFolder('')).toThrow('path must be a folder');
});
