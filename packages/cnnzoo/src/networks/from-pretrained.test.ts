import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, expect, test } from 'vitest';
import { createModel, fromPretrained } from '../index.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function trained(): Promise<{ model: LayersModel; weights: string }> {
  const model = createModel('lenet5', { seed: 7 });
  const weights = join(folder, 'lenet5.safetensors');
  writeFileSync(weights, await writeSafetensors(await stateDict(model)));
  return { model, weights };
}

function values(model: LayersModel, layer: string): number[] {
  return Array.from(model.getLayer(layer).getWeights()[0]?.dataSync() ?? []);
}

test('loads a file into the network', async () => {
  const { model, weights } = await trained();
  const loaded = await fromPretrained('lenet5', { weights });
  for (const layer of ['conv1', 'conv2', 'fc1', 'fc2', 'fc3'])
    expect(values(loaded, layer)).toEqual(values(model, layer));
  model.dispose();
  loaded.dispose();
});

test('another number of classes leaves a fresh head', async () => {
  const { model, weights } = await trained();
  const loaded = await fromPretrained('lenet5', { weights, numClasses: 3, seed: 1 });
  expect(values(loaded, 'fc2')).toEqual(values(model, 'fc2'));
  expect(values(loaded, 'fc3')).toHaveLength(84 * 3);
  expect(values(loaded, 'fc3').every((value) => value !== 0)).toBe(true);
  model.dispose();
  loaded.dispose();
});

test.each([
  [() => fromPretrained('lenet5', {} as never), TypeError, /weights must be .*, got undefined/],
  [() => fromPretrained('lenet' as 'lenet5', { weights: 'x' }), RangeError, /'lenet5'/],
  [() => fromPretrained('lenet5', { weights: 'IMAGENET1K_V1' }), RangeError, /IMAGENET1K_V1/],
  [() => fromPretrained('resnet18', { weights: 'IMAGENET1K_V9' }), RangeError, /IMAGENET1K_V1/],
])('refuses %s and leaves nothing behind', async (call, type, message) => {
  const tensors = tf.memory().numTensors;
  const error = await call().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(type);
  expect(String(error)).toMatch(message);
  expect(tf.memory().numTensors).toBe(tensors);
});
