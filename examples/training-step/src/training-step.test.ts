import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadTrainingState } from '@cnnzoo/handover';
import { lenet5 } from '@cnnzoo/lenet';
import { sgd } from '@cnnzoo/train';
import { readSafetensors } from '@cnnzoo/weights';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportLenetStep } from './export-step.js';

const run = promisify(execFile);
const example = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'training-step-'));
beforeAll(() => exportLenetStep(folder, 20));
afterAll(() => rmSync(folder, { recursive: true }));

const python = process.env['CNNZOO_ONNX_PYTHON'] ?? 'python3';
const hasOnnxruntime = (() => {
  try {
    execFileSync(python, ['-c', 'import numpy, onnxruntime'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: no Python with numpy and onnxruntime, name one with CNNZOO_ONNX_PYTHON');
    return false;
  }
})();

/** Whether what a loop has written comes back, after as many updates. */
async function iterationsOf(trained: string): Promise<number> {
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 });
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  loadTrainingState(lenet5(), optimizer, manifest, await readSafetensors(trained));
  return optimizer.iterations;
}

test('Node without tfjs learns, and its weights come back', async () => {
  const { stdout } = await run(process.execPath, [join(example, 'node/train.mjs'), folder, '120']);
  const losses = [...stdout.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(6);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
  expect(await iterationsOf(join(folder, 'trained.safetensors'))).toBe(120);
});

/** An IDX file of MNIST: `values` of these sizes. */
function idx(sizes: readonly number[], values: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.set([0, 0, 8, sizes.length]);
  sizes.forEach((size, i) => {
    head.writeInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([head, values]);
}

test.skipIf(!hasOnnxruntime)('Python learns from files like MNIST’s, and its weights come back', async () => {
  const count = 200;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const images = Uint8Array.from({ length: count * 28 * 28 }, (_, i) => {
    const bright = 2 * (labels[Math.floor(i / 784)] ?? 0) + 4;
    return i % 28 === bright || i % 28 === bright + 1 ? 255 : 0;
  });
  for (const name of ['train', 't10k']) {
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), idx([count, 28, 28], images));
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), idx([count], labels));
  }
  const { stdout } = await run(python, [join(example, 'python/train_mnist.py'), folder, folder, '8']);
  expect(Number(/test accuracy ([\d.]+)\s*$/.exec(stdout)?.[1])).toBeGreaterThan(0.95);
  expect(await iterationsOf(join(folder, 'trained.safetensors'))).toBe(80);
});
