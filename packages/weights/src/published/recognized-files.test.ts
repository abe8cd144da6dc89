import '@tensorflow/tfjs-backend-cpu';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { googlenet } from '@cnnzoo/googlenet';
import { inceptionV3 } from '@cnnzoo/inception';
import { checkPreprocessing, preprocessings, readMetadata } from '@cnnzoo/metadata';
import { vgg16 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeSafetensors } from '../formats/safetensors.js';
import { stateDict } from '../model/state-dict-of-model.js';
import type { StateDict } from '../state-dict/state-dict.js';
import { loadPretrained } from './load-pretrained.js';
import type { WeightsRow } from './published-weights.js';
import { listWeights } from './registry.js';

const sets = vi.hoisted(() => ({ rows: [] as unknown[] }));
vi.mock('./registry-data.js', async (original) => {
  const { rows } = await original<{ rows: readonly WeightsRow[] }>();
  sets.rows.push(...rows);
  return { rows: sets.rows };
});

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-recognized-'));
let server: Server;
let address = '';
let served: Uint8Array = new Uint8Array();
beforeAll(async () => {
  await tf.setBackend('cpu');
  server = createServer((_, response) => response.end(served));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => tf.engine().startScope());

describe('every published set', () => {
  test.each(listWeights().map((weights) => [weights.id, weights] as const))('%s', (_, { preprocessing }) => {
    checkPreprocessing('preprocessing', preprocessing, 3);
    const rows = Object.values(preprocessings).map((row) => ({ padding: 0, interpolation: 'bilinear', ...row }));
    expect(rows).toContainEqual(preprocessing);
  });

  test('of Keras that was trained on BGR has the mean of RGB, and its first convolution is reversed', () => {
    const caffe = listWeights().filter(({ rules }) => /^keras(Vgg\d+|Resnet)$/.test(rules));
    expect(caffe.map(({ architecture }) => architecture)).toEqual([
      'vgg16',
      'vgg19',
      'resnet50',
      'resnet101',
      'resnet152',
    ]);
    for (const { preprocessing } of caffe)
      expect(preprocessing.mean.map((mean) => Math.round(1000 * 255 * mean) / 1000)).toEqual([
        123.68, 116.779, 103.939,
      ]);
  });
});

const small = { inputShape: [75, 75, 3], includeTop: false, initialWeights: 'zeros' } as const;

/** Keras's names of VGG-16's convolutions, with other channels in the first one, as a file of Keras's has them. */
function asKeras(model: LayersModel): StateDict {
  const blocks = [2, 2, 3, 3, 3].flatMap((count, block) =>
    Array.from({ length: count }, (_, i) => `block${block + 1}_conv${i + 1}`),
  );
  const layers = [...new Set([...stateDict(model).keys()].map((key) => key.slice(0, key.lastIndexOf('.'))))];
  return new Map(
    [...stateDict(model)].map(([key, tensor]) => {
      const dot = key.lastIndexOf('.');
      const name = `${blocks[layers.indexOf(key.slice(0, dot))]}${key.slice(dot)}`;
      if (name !== 'block1_conv1.weight') return [name, tensor] as const;
      // [64, 3, 3, 3]: the value says the channel.
      const data = Float32Array.from({ length: 64 * 27 }, (_, i) => Math.floor(i / 9) % 3);
      return [name, { ...tensor, data }] as const;
    }),
  );
}

/** A published set whose file has these bytes. */
function publish(row: Omit<WeightsRow, 'url'>, bytes: Uint8Array): void {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  sets.rows.unshift({ sha256: sha256.slice(0, 8), url: `${address}/${row.id}`, ...row });
  vi.resetModules();
}

test.each([
  ['inception_v3', () => inceptionV3(small), 'inception', 'torchvision'],
  ['googlenet', () => googlenet({ ...small, inputShape: [32, 32, 3] }), 'tensorflow', 'torchvision'],
  ['vgg16', () => vgg16({ ...small, inputShape: [32, 32, 3] }), 'caffe', 'kerasVgg16'],
] as const)('%s is right by name, by path and by address', async (architecture, build, preprocessing, rules) => {
  const original = build();
  const bytes = writeSafetensors(rules === 'kerasVgg16' ? asKeras(original) : stateDict(original));
  served = bytes;
  publish({ id: `${architecture}.mine`, preprocessing, rules }, bytes);
  const { loadPretrained: load } = await import('./load-pretrained.js');
  const path = join(folder, 'renamed.bin');
  writeFileSync(path, bytes);
  const loaded: unknown[] = [];
  for (const weights of ['mine', path, `${address}/${architecture}.mine`, `${address}/renamed-${architecture}`]) {
    const model = build();
    const { weights: set, missing } = await load(model, weights, { cacheFolder: folder, retries: 0 });
    expect({ id: set?.id, missing }).toEqual({ id: `${architecture}.mine`, missing: [] });
    const { mean, std } = readMetadata(model).preprocessing ?? {};
    expect({ mean, std }).toEqual({ mean: preprocessings[preprocessing].mean, std: preprocessings[preprocessing].std });
    const first = model.layers.find((layer) => layer.weights.length > 0)?.getWeights()[0];
    loaded.push([...(first?.dataSync().slice(0, 9) ?? [])].map(Math.abs));
    model.dispose();
  }
  for (const each of loaded) expect(each).toEqual(loaded[0]);
  // HWIO: 64 filters of the first channel come first. The file's channels are BGR, the network's RGB.
  if (rules === 'kerasVgg16') expect(loaded[0]).toEqual(Array(9).fill(2));
  original.dispose();
});

test('a network says what torchvision’s and Keras’s weights of it expect, whatever the file is called', () => {
  expect(readMetadata(inceptionV3(small)).preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(readMetadata(googlenet(small)).preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
});

test('another file is nobody’s', async () => {
  const model = vgg16({ ...small, inputShape: [32, 32, 3] });
  const path = join(folder, 'mine.safetensors');
  writeFileSync(path, writeSafetensors(stateDict(model), { mine: 'yes' }));
  expect((await loadPretrained(model, path)).weights).toBe(null);
  expect(readMetadata(model).preprocessing).toMatchObject({ mean: preprocessings.imagenet.mean });
});
