/** The same weights in torchvision and here. Skipped, with a line, where no Python with torchvision is found. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alexnet } from '@cnnzoo/alexnet';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { inceptionV3 } from '@cnnzoo/inception';
import { resnet18, resnet50, resnext50_32x4d } from '@cnnzoo/resnet';
import { goldenInput, goldenWeight, uniform } from '@cnnzoo/testing';
import { vgg11Bn } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../formats/safetensors.js';
import { readTorch } from '../formats/torch/torch.js';
import { loadStateDict } from '../model/load-state-dict.js';
import { stateDict } from '../model/state-dict-of-model.js';
import { loadPretrained } from './load-pretrained.js';

/** CNNZOO_PYTHON, or the first that has torchvision. */
const python = [process.env['CNNZOO_PYTHON'], '/usr/bin/python3', 'python3'].find(
  (path) => path !== undefined && spawnSync(path, ['-c', 'import torch, torchvision']).status === 0,
);
if (python === undefined) console.log('skipped: no Python with torch and torchvision on this machine');

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-torchvision-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

// Names and the input's height and width.
const networks = [
  ['resnet18', resnet18, 64],
  ['resnet50', resnet50, 64],
  ['resnext50_32x4d', resnext50_32x4d, 64],
  ['inception_v3', inceptionV3, 80],
  // Their dense layers follow a flatten, of enlarged maps at this size.
  ['alexnet', alexnet, 64],
  ['vgg11_bn', vgg11Bn, 64],
] as const;

// The others take minutes: with CNNZOO_LONG_TESTS=1.
test.skipIf(python === undefined).each(process.env['CNNZOO_LONG_TESTS'] === '1' ? networks : networks.slice(0, 1))(
  '%s',
  { timeout: 900_000 },
  async (name, build, size) => {
    const options = { inputShape: [size, size, 3], initialWeights: 'zeros' } as const;
    const model = build(options);
    const golden = new Map(
      [...stateDict(model)].map(([key, { shape }]) => [
        key,
        { shape, dtype: 'F32' as const, data: goldenWeight(key, shape) },
      ]),
    );
    loadStateDict(model, golden);

    // To Python: strict there, and the same logits.
    const file = join(folder, `${name}.safetensors`);
    const pixels = join(folder, 'pixels.f32');
    writeFileSync(file, writeSafetensors(stateDict(model), { format: 'pt' }));
    writeFileSync(pixels, new Uint8Array(uniform('input', 3 * size * size).buffer));
    const script = fileURLToPath(new URL('../fixtures/torchvision_model.py', import.meta.url));
    const run = spawnSync(python ?? '', [script, name, file, pixels, '3', `${size}`, `${size}`, folder], {
      encoding: 'utf8',
    });
    expect(run.stderr.replaceAll(/^.*(Warning|warn).*$/gm, '').trim(), run.stderr).toBe('');
    const { logits, reader } = JSON.parse(run.stdout) as { logits: number[]; reader: string };
    console.log(`${name}: read in Python by ${reader === 'safetensors' ? 'the safetensors library' : 'hand'}`);

    // Back from Python, in both formats: the same bits.
    for (const format of ['zip', 'old']) {
      const path = join(folder, `${name}-${format}.pth`);
      const copy = build(options);
      await loadPretrained(copy, path);
      expect(Buffer.compare(writeSafetensors(stateDict(copy)), writeSafetensors(golden))).toBe(0);
      // As many, and num_batches_tracked where there are batch norms.
      expect((await readTorch(path)).size).toBeGreaterThanOrEqual(golden.size);
      const error = tf.tidy(() => {
        const y = copy.predict(tf.tensor4d(goldenInput(1, 3, size, size), [1, size, size, 3])) as tf.Tensor;
        const expected = tf.tensor2d([logits]);
        return tf.div(tf.norm(tf.sub(y, expected)), tf.norm(expected)).dataSync()[0];
      });
      expect(error).toBeLessThan(1e-4);
      copy.dispose();
    }
  },
);
