import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  adaptiveAveragePooling2d,
  averagePooling2d,
  batchNorm,
  concatenate,
  connect,
  conv2d,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  localResponseNormalization,
  maxPooling2d,
  relu,
  zeroPaddedShortcut,
} from '@cnnzoo/blocks';
import { lenet5 } from '@cnnzoo/lenet';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model as makeModel } from '@tensorflow/tfjs-layers';
import { afterAll, expect, test } from 'vitest';
import { exportTorch, writeTorch } from './export-torch.js';

const folder = mkdtempSync(join(tmpdir(), 'export-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const python = process.env['CNNZOO_PYTHON'] ?? 'python3';
const hasTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch, safetensors'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: no Python with torch and safetensors, name one with CNNZOO_PYTHON');
    return false;
  }
})();

/** Every layer that is known, in windows of all kinds. */
function everyLayer() {
  const x = input({ shape: [23, 19, 3] });
  const stem = connect(
    x,
    conv2d({ name: 'stem.0.conv', filters: 8, kernelSize: [5, 3], stride: 2, padding: 'same' }),
    batchNorm({ name: 'stem.0.bn', epsilon: 1e-3, activation: 'relu' }),
    localResponseNormalization({ name: 'norm' }),
    maxPooling2d({ name: 'pool', poolSize: 3, stride: 2, padding: 1, ceilMode: true }),
    conv2d({
      name: 'grouped',
      filters: 8,
      kernelSize: 3,
      padding: [2, 1],
      dilation: [2, 1],
      groups: 4,
      useBias: false,
    }),
  );
  const pooled = connect(stem, averagePooling2d({ poolSize: 3, stride: 1, padding: 1, countIncludePad: false }));
  const widened = connect(stem, zeroPaddedShortcut({ filters: 11 }));
  const joined = connect(concatenate([pooled, widened]), relu(), dropout({ name: 'drop', rate: 0.3 }));
  const main = connect(
    joined,
    adaptiveAveragePooling2d({ name: 'avg', outputSize: [2, 3] }),
    flatten(),
    dense({ name: '1.fc', units: 4 }),
  );
  const head = connect(joined, globalAveragePooling2d(), dense({ name: 'aux', units: 4, useBias: false }));
  return makeModel({ inputs: x, outputs: [main, head] });
}

const script = `
import sys, torch
sys.path.insert(0, sys.argv[1])
from network import Network
from safetensors.torch import load_file, save_file
network = Network()
network.load_state_dict(load_file(sys.argv[1] + "/weights.safetensors"), strict=True)
images = load_file(sys.argv[1] + "/images.safetensors")["images"].permute(0, 3, 1, 2)
assert len(network(images)) == 2
network.load_state_dict(load_file(sys.argv[1] + "/weights.safetensors"))
with torch.no_grad():
    print(network.eval()(images).flatten().tolist())
`;

test.skipIf(!hasTorch)('PyTorch loads the weights strictly and gives the same logits', async () => {
  const model = everyLayer();
  await writeTorch(model, folder);
  const images = tf.randomUniform([2, 23, 19, 3], -1, 1, 'float32', 3);
  const data = await images.data<'float32'>();
  writeFileSync(
    join(folder, 'images.safetensors'),
    writeSafetensors(new Map([['images', { shape: images.shape, dtype: 'F32', data }]])),
  );
  const { stdout } = await promisify(execFile)(python, ['-c', script, folder]);
  const [main] = model.predict(images) as tf.Tensor[];
  const expected = [...((await main?.data()) ?? [])];
  const actual = JSON.parse(stdout) as number[];
  const largest = Math.max(...expected.map(Math.abs));
  expect(actual).toHaveLength(expected.length);
  for (const [i, logit] of expected.entries()) expect(Math.abs((actual[i] ?? 0) - logit) / largest).toBeLessThan(1e-4);
});

test('modules have the layers’ names, which are the keys of the weights', () => {
  const model = lenet5();
  const { program } = exportTorch(model);
  const placed = [...program.matchAll(/self\.place\("([^"]+)"/g)].map(([, name = '']) => name);
  const keys = new Set([...stateDict(model).keys()].map((key) => key.replace(/\.\w+$/, '')));
  expect(placed.filter((name) => keys.has(name))).toEqual([...keys]);
  expect(program).toContain('self.place("conv1", nn.Conv2d(1, 6, 5');
});

test('a layer that PyTorch does not have here is named', () => {
  const x = input({ shape: [8, 8, 3] });
  const y = layers.upSampling2d({ name: 'larger' }).apply(x) as typeof x;
  expect(() => exportTorch(makeModel({ inputs: x, outputs: y }))).toThrow(
    /layer 'larger' \(UpSampling2D\) has no form in PyTorch here/,
  );
});
