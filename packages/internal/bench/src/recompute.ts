/**
 * What a training step takes that keeps its activations, and one that computes them again, each in a process of its own:
 * `pnpm --filter @cnnzoo/bench recompute [NETWORK [BATCH [SIZE]]]`. Peak memory of three steps, and the last one's time.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { inceptionV3 } from '@cnnzoo/inception';
import { resnet18, resnet50, resnet152 } from '@cnnzoo/resnet';
import { sgd, updateWeights } from '@cnnzoo/train';
import { vgg11 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import { processMemory } from './worker/process-memory.js';

const networks = { inceptionV3, resnet18, resnet50, resnet152, vgg11 };
const [name = 'resnet50', batch = '8', size = name === 'inceptionV3' ? '299' : '224', kind] = process.argv.slice(2);
const network = networks[name as keyof typeof networks];
if (network === undefined) throw new RangeError(`NETWORK must be one of ${Object.keys(networks).join(', ')}`);

/** The most memory that this process has had, in MB. */
const peak = () => processMemory().peakMemory / 2 ** 20;

async function steps(recompute: boolean): Promise<void> {
  registerOnnxBackend();
  await tf.setBackend('onnx');
  tf.env().set('ONNX_RECOMPUTE', recompute);
  const [count, side] = [Number(batch), Number(size)];
  const model = network({ numClasses: 10, seed: 1, inputShape: [side, side, 3] });
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  const images = tf.randomNormal([count, side, side, 3], 0, 1, 'float32', 7) as tf.Tensor4D;
  const labels = tf.tensor1d(
    Array.from({ length: count }, (_, i) => i % 10),
    'int32',
  );
  const before = peak();
  const losses: number[] = [];
  let milliseconds = 0;
  for (let step = 0; step < 3; step++) {
    const start = performance.now();
    const measures = updateWeights(model, optimizer, { images, labels });
    losses.push((await measures.loss.data())[0] ?? Number.NaN);
    milliseconds = performance.now() - start;
    tf.dispose(measures);
  }
  console.log(JSON.stringify({ before, peak: peak(), milliseconds, losses }));
}

if (kind !== undefined) await steps(kind === 'again');
else {
  const [kept, again] = ['kept', 'again'].map((way) => {
    const words = [...process.execArgv, fileURLToPath(import.meta.url), name, batch, size, way];
    const line = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return JSON.parse(line.trim().split('\n').at(-1) ?? '') as {
      before: number;
      peak: number;
      milliseconds: number;
      losses: number[];
    };
  });
  if (kept === undefined || again === undefined) throw new Error('two processes are measured');
  for (const [way, one] of Object.entries({ kept, again }))
    console.log(
      `${name} at batch ${batch}, activations ${way}: ${one.peak.toFixed(0)} MB (${one.before.toFixed(0)} before the first step), ${one.milliseconds.toFixed(0)} ms, losses ${one.losses.map((loss) => loss.toFixed(6)).join(' ')}`,
    );
  console.log(
    `memory ${(again.peak / kept.peak).toFixed(2)}, without what was there before ${((again.peak - again.before) / (kept.peak - kept.before)).toFixed(2)}; time ${(again.milliseconds / kept.milliseconds).toFixed(2)}`,
  );
}
