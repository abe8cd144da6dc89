import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resnet18 } from '@cnnzoo/resnet';
import { goldenWeight } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../formats/safetensors.js';
import { imagenetCategories } from '../imagenet.js';
import { stateDict } from '../model/state-dict-of-model.js';
import type { StateDict } from '../state-dict/state-dict.js';
import { loadPretrained } from './load-pretrained.js';
import { describeWeights, listWeights } from './registry.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-pretrained-'));
let server: Server;
let mirror = '';
let hub: Uint8Array = new Uint8Array(0);

const network = (options: Parameters<typeof resnet18>[0] = {}) =>
  resnet18({ inputShape: [32, 32, 3], initialWeights: 'zeros', ...options });
/** What a hub has: constant weights, so that they are quick to make and to compare. */
let published: StateDict;
const options = () => ({ cacheFolder: folder, mirror, retries: 0 });

beforeAll(async () => {
  await tf.setBackend('cpu');
  const shapes = [...stateDict(network())].map(([key, { shape }]) => [key, shape] as const);
  published = new Map(
    shapes.map(([key, shape], i) => {
      const data =
        shape.length === 1 ? goldenWeight(key, shape) : new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i);
      return [key, { shape, dtype: 'F32', data }];
    }),
  );
  hub = writeSafetensors(published);
  server = createServer((_, response) => response.end(hub));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('a published set brings weights, preprocessing and categories', async () => {
  const model = network();
  const report = await loadPretrained(model, 'tv_in1k', options());
  expect(report).toMatchObject({ missing: [], unexpected: [], mismatched: [], weights: { id: 'resnet18.tv_in1k' } });
  expect(report.loaded).toHaveLength(published.size);
  expect(stateDict(model).get('fc.bias')?.data).toEqual(published.get('fc.bias')?.data);
  expect(model.getUserDefinedMetadata()).toMatchObject({
    id: 'resnet18',
    // 256 and 224, in proportion to the model's input of 32.
    preprocessing: { resizeSize: 37, cropSize: 32, mean: [0.485, 0.456, 0.406] },
    categories: imagenetCategories,
  });
  // A second time without the server.
  await loadPretrained(network(), 'resnet18.tv_in1k', { ...options(), offline: true });
});

test('a fresh head for another number of classes', async () => {
  const model = network({ numClasses: 7 });
  const { mismatched } = await loadPretrained(model, 'tv_in1k', options());
  expect(mismatched).toEqual(['fc.weight', 'fc.bias']);
  expect(stateDict(model).get('fc.bias')?.data).toEqual(new Float32Array(7));
  expect(stateDict(model).get('bn1.weight')?.data).toEqual(published.get('bn1.weight')?.data);
  expect(model.getUserDefinedMetadata()).toMatchObject({ categories: null });
});

test('no head', async () => {
  const { unexpected, missing } = await loadPretrained(network({ includeTop: false }), 'tv_in1k', options());
  expect({ unexpected: [...unexpected].sort(), missing }).toEqual({
    unexpected: ['fc.bias', 'fc.weight'],
    missing: [],
  });
});

test('another part that does not fit is still an error', async () => {
  const model = network({ numClasses: 7, inputShape: [32, 32, 1] });
  await expect(loadPretrained(model, 'tv_in1k', options())).rejects.toThrow(
    '1 wrongly shaped:\n  conv1.weight: [64,3,7,7] in the state dict, [64,1,7,7] in the model',
  );
});

test('the wrong hash', async () => {
  await expect(loadPretrained(network(), 'IMAGENET1K_V1', options())).rejects.toThrow('expected f37072fd');
});

test('a path and an address', async () => {
  const path = join(folder, 'mine.safetensors');
  writeFileSync(path, hub);
  expect(await loadPretrained(network(), path)).toMatchObject({ weights: null, file: path });
  expect((await loadPretrained(network(), `${mirror}/mine.safetensors`, { cacheFolder: folder })).weights).toBe(null);
});

test.each([
  ['IMAGENET1K_V3', /no published set of resnet18: expected one of IMAGENET1K_V1, tv_in1k/],
  ['resnet50.IMAGENET1K_V1', 'are for resnet50, the model is resnet18'],
  ['missing/file.pth', 'no file of that name'],
  ['', "weights must be a set's name, a repository of the hub, a path, an address or the bytes of a file, got ''"],
])('%j', async (weights, message) => {
  await expect(loadPretrained(network(), weights, options())).rejects.toThrow(message);
});

test('a file that is no file of weights', async () => {
  const path = join(folder, 'page.pth');
  writeFileSync(path, '<html>Not found</html>');
  await expect(loadPretrained(network(), path)).rejects.toThrow('a web page and not the file');
});

test('a model of the user’s own', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [2], units: 1, name: 'fc' })] });
  const path = join(folder, 'own.safetensors');
  writeFileSync(path, writeSafetensors(stateDict(model)));
  expect((await loadPretrained(model, path)).loaded).toEqual(['fc.weight', 'fc.bias']);
  await expect(loadPretrained(model, 'IMAGENET1K_V1')).rejects.toThrow(/expected one of .*alexnet\.IMAGENET1K_V1/);
});

test('auxiliary heads in a file of torchvision’s, which the model does not have', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [2], units: 1, name: 'fc' })] });
  const tensor = { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const;
  const path = join(folder, 'heads.safetensors');
  writeFileSync(path, writeSafetensors(new Map([...stateDict(model), ['aux1.fc2.bias', tensor]])));
  await expect(loadPretrained(model, path)).rejects.toThrow('1 unexpected:\n  aux1.fc2.bias');
  model.setUserDefinedMetadata({ id: 'googlenet' });
  expect(await loadPretrained(model, path)).toMatchObject({ loaded: ['fc.weight', 'fc.bias'], unexpected: [] });
});

test('the registry', () => {
  expect(listWeights('resnet50').map(({ name }) => name)).toEqual([
    'IMAGENET1K_V1',
    'IMAGENET1K_V2',
    'tv_in1k',
    'tv2_in1k',
    'keras',
  ]);
  expect(listWeights('lenet5')).toEqual([]);
  expect(describeWeights('resnet50.DEFAULT')).toMatchObject({
    id: 'resnet50.IMAGENET1K_V2',
    url: 'https://download.pytorch.org/models/resnet50-11ad3fa6.pth',
    hash: { algorithm: 'sha256', prefix: '11ad3fa6' },
    top1: 80.858,
    top5: 95.434,
    preprocessing: { resizeSize: 232, cropSize: 224 },
  });
  for (const id of ['googlenet.IMAGENET1K_V1', 'inception_v3.IMAGENET1K_V1'])
    expect(describeWeights(id).preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(describeWeights('googlenet.IMAGENET1K_V1').notes).toContain('never trained');
  expect(() => describeWeights('resnet50.V7')).toThrow('resnet50.IMAGENET1K_V1');
  expect(() => describeWeights('mobilenet')).toThrow(/there are weights for .*alexnet/);
  for (const { hash, id, architecture, name } of listWeights()) {
    expect(id).toBe(`${architecture}.${name}`);
    if (hash !== null) expect(hash.prefix).toMatch(hash.algorithm === 'md5' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{8,64}$/);
  }
  expect(new Set(listWeights().map(({ id }) => id)).size).toBe(listWeights().length);
  expect(imagenetCategories).toHaveLength(1000);
  expect([imagenetCategories[0], imagenetCategories[281], imagenetCategories[999]]).toEqual([
    'tench',
    'tabby',
    'toilet tissue',
  ]);
});
