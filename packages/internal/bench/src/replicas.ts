/**
 * What a training step takes as a whole, and in parts that are computed at the same time, by processes in turns:
 * `pnpm --filter @cnnzoo/bench replicas [NETWORK [BATCH [SIZE [PARTS]]]]`. Median times of a process's steps, and its peak memory.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { googlenet } from '@cnnzoo/googlenet';
import { inceptionV3 } from '@cnnzoo/inception';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18, resnet50 } from '@cnnzoo/resnet';
import { type Loader, sgd, train } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';
import { processMemory } from './worker/process-memory.js';

interface Options {
  readonly numClasses: number;
  readonly seed: number;
}

/** Networks, and the sides of the images that they are for. */
const networks = {
  cifarResnet20: [32, (options: Options) => cifarResnet({ depth: 20, ...options })],
  lenet5: [32, lenet5],
  resnet18: [224, resnet18],
  resnet50: [224, resnet50],
  googlenet: [224, googlenet],
  inceptionV3: [299, inceptionV3],
} as const;

const [name = 'cifarResnet20', batch = '128', size, parts = '2', kind] = process.argv.slice(2);
const known = networks[name as keyof typeof networks];
if (known === undefined) throw new RangeError(`NETWORK must be one of ${Object.keys(networks).join(', ')}`);
const [usualSide, network] = known;
const [count, side] = [Number(batch), Number(size ?? usualSide)];

/** Steps that are left out: the first one compiles, the next ones touch memory for the first time, and V8 makes recording faster for some more. */
const warmUp = 20;
const measured = 20;

/** The most memory that this process has had, in MB. */
const peak = () => processMemory().peakMemory / 2 ** 20;

async function steps(replicas: number): Promise<void> {
  registerOnnxBackend();
  await tf.setBackend('onnx');
  const model = network({ numClasses: 10, seed: 1 });
  const channels = Number(model.inputs[0]?.shape.at(-1));
  const pixels = tf.tidy(() => tf.randomNormal([count * side * side * channels], 0, 1, 'float32', 7).dataSync());
  const classes = Int32Array.from({ length: count }, (_, i) => i % 10);
  const loader: Loader = {
    batchesPerEpoch: warmUp + measured,
    async *epoch() {
      for (let step = 0; step < warmUp + measured; step++)
        yield {
          images: tf.tensor4d(pixels as Float32Array, [count, side, side, channels]),
          labels: tf.tensor1d(classes, 'int32'),
        };
    },
  };
  const times: number[] = [];
  let loss = Number.NaN;
  await train(model, loader, {
    epochs: 1,
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
    replicas,
    warnings: false,
    onEvent: (event) => {
      if (event.type !== 'step') return;
      times.push(event.milliseconds);
      loss = event.loss;
    },
  });
  const sorted = times.slice(warmUp).sort((a, b) => a - b);
  console.log(JSON.stringify({ milliseconds: sorted[measured / 2], peak: peak(), loss }));
}

interface Measured {
  readonly milliseconds: number;
  readonly peak: number;
  readonly loss: number;
}

function measure(replicas: string): Measured {
  const words = [...process.execArgv, fileURLToPath(import.meta.url), name, batch, String(side), replicas, 'steps'];
  const line = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(line.trim().split('\n').at(-1) ?? '') as Measured;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

if (kind !== undefined) await steps(Number(parts));
else {
  const ways: { readonly replicas: string; readonly results: Measured[] }[] = [
    { replicas: '1', results: [] },
    { replicas: parts, results: [] },
  ];
  for (let turn = 0; turn < 5; turn++) for (const { replicas, results } of ways) results.push(measure(replicas));
  console.log(`${name}, batch ${batch}, ${side}x${side}, ${availableParallelism()} processors`);
  for (const { replicas, results } of ways) {
    const times = results.map(({ milliseconds }) => milliseconds);
    console.log(
      `replicas ${replicas}: ${median(times).toFixed(1)} ms (${times.map((time) => time.toFixed(0)).join(', ')}), ${median(results.map((each) => each.peak)).toFixed(0)} MB, last loss ${results[0]?.loss.toFixed(5)}`,
    );
  }
  const [whole, inParts] = ways.map(({ results }) => results);
  const ratio = (of: (each: Measured) => number) =>
    (median((inParts ?? []).map(of)) / median((whole ?? []).map(of))).toFixed(2);
  console.log(`time ${ratio((each) => each.milliseconds)}, memory ${ratio((each) => each.peak)}`);
}
