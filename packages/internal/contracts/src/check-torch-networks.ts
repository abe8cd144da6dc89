/**
 * Writes every network of `listModels()` as a PyTorch module: PyTorch has to load the weights strictly and give the same logits.
 *
 *   pnpm --filter @cnnzoo/contracts check-torch-networks --python PROGRAM [NETWORK…]
 *
 * The program is a Python with torch and safetensors.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { writeTorch } from '@cnnzoo/handover';
import { goldenInput, loadGoldenWeights } from '@cnnzoo/testing';
import { writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, listModels, type ModelId } from 'cnnzoo';
import { hasTop, smallInput } from './small-networks.js';

/** Of the largest logit. */
const tolerance = 1e-4;

interface Answer {
  readonly off: number | null;
  readonly error: string | null;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string', default: 'python3' } },
});
const script = fileURLToPath(new URL('../python/check_network.py', import.meta.url));
const python = spawn(values.python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface(python.stdout)[Symbol.asyncIterator]();
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-torch-'));

async function checkNetwork(id: ModelId): Promise<Answer> {
  const top = hasTop(id) ? {} : { includeTop: false, pooling: 'avg' as const };
  const model = createModel(id, { inputShape: smallInput(id), ...top, initialWeights: 'zeros' });
  loadGoldenWeights(model);
  const [height = 0, width = 0, channels = 0] = smallInput(id);
  const shape = [2, height, width, channels];
  const images = goldenInput(2, channels, height, width);
  const logits = tf.tidy(() => tf.keep([model.predict(tf.tensor(images, shape))].flat()[0] as tf.Tensor));
  const data = new Map([
    ['images', { shape, dtype: 'F32' as const, data: images }],
    ['logits', { shape: logits.shape, dtype: 'F32' as const, data: await logits.data<'float32'>() }],
  ]);
  writeFileSync(join(folder, 'data.safetensors'), writeSafetensors(data));
  await writeTorch(model, folder);
  logits.dispose();
  model.dispose();
  python.stdin.write(`${folder}\n`);
  const { value, done } = await lines.next();
  return done ? { off: null, error: 'Python ended' } : JSON.parse(value);
}

registerOnnxBackend();
await tf.setBackend('onnx');
let wrong = 0;
for (const id of listModels().filter((name) => positionals.length === 0 || positionals.includes(name))) {
  const { off, error } = await checkNetwork(id);
  console.log(`${id.padEnd(24)}  ${error ?? off?.toExponential(1)}`);
  if (off === null || !(off <= tolerance)) wrong++;
}
python.stdin.end();
rmSync(folder, { recursive: true });
process.exitCode = wrong === 0 ? 0 : 1;
