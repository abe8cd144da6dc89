/**
 * Times and weighs loading, in a process of its own for each file:
 *
 *     node --import tsx scripts/measure-loading.ts
 *
 * It writes ResNet-50 (100 MB) and VGG-19 (575 MB) with constant weights to a temporary folder, so that nothing is downloaded. A file
 * of your own, of any format that has PyTorch's keys: `node --expose-gc --import tsx scripts/measure-loading.ts resnet50 FILE onnx`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { resnet50 } from '@cnnzoo/resnet';
import { vgg19 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import { readWeights } from '../src/formats/read-weights.js';
import { writeSafetensors } from '../src/formats/safetensors.js';
import { stateDict } from '../src/model/state-dict-of-model.js';
import { loadPretrained } from '../src/published/load-pretrained.js';

const networks = { resnet50, vgg19 };
const [, script = '', name, path = '', backend = ''] = process.argv;

async function measure(build: (typeof networks)[keyof typeof networks]): Promise<void> {
  await tf.setBackend(backend);
  const mega = (bytes: number) => Math.round(bytes / 2 ** 20);
  const timed = async (work: () => Promise<unknown> | unknown) => {
    const start = performance.now();
    await work();
    return Math.round(performance.now() - start);
  };
  // Warm file cache: what is timed is this code, not the disk.
  let bytes = 0;
  const read = async () => {
    for (const tensor of (await readWeights(path)).values()) bytes += tensor.data.byteLength;
  };
  await read();
  const reading = await timed(read);
  bytes /= 2;
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const model = build({ initialWeights: 'zeros' });
  const loading = await timed(() => loadPretrained(model, path));
  // What the peak was before the model is in it: at most all of the file's tensors.
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(
    `${name} on ${backend}: ${mega(bytes)} MB; read ${reading} ms; load ${loading} ms; before the model ${mega(before)} MB, peak ${mega(peak)} MB`,
  );
}

registerOnnxBackend();
if (name !== undefined) {
  await measure(networks[name as keyof typeof networks]);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-measure-'));
  try {
    await tf.setBackend('cpu');
    for (const [network, build] of Object.entries(networks)) {
      const file = join(folder, `${network}.safetensors`);
      writeFileSync(file, writeSafetensors(stateDict(build({ initialWeights: 'zeros' }))));
      for (const engine of ['cpu', 'onnx'])
        execFileSync(
          process.execPath,
          ['--expose-gc', '--import', 'tsx', fileURLToPath(`file://${script}`), network, file, engine],
          {
            stdio: 'inherit',
          },
        );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
