/**
 * What an exported training step takes in Python's onnxruntime, beside the engine's own step:
 * `pnpm --filter @cnnzoo/bench exported-step PYTHON [ROUNDS] [SECONDS] [NETWORK…]`. PYTHON has numpy and onnxruntime.
 *
 * The engine and the files take turns. A round's ratio is that of its medians, and the table has the median over the rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { googlenet } from '@cnnzoo/googlenet';
import { writeTrainingStep } from '@cnnzoo/handover';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18 } from '@cnnzoo/resnet';
import { sgd, updateWeights } from '@cnnzoo/train';
import { vgg11 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { markdownTable } from 'markdown-table';
import { compared } from './checkouts.js';
import { median } from './statistics.js';

const threads = availableParallelism();
const square = (size: number) => ({ numClasses: 10, inputShape: [size, size, 3] as [number, number, number] });

const networks: Readonly<Record<string, readonly [batchSize: number, build: () => LayersModel]>> = {
  'LeNet-5': [64, () => lenet5()],
  'CIFAR ResNet-20': [32, () => cifarResnet({ depth: 20 })],
  'ResNet-18, 112x112': [8, () => resnet18(square(112))],
  'VGG-11, 64x64': [4, () => vgg11(square(64))],
  'GoogLeNet with heads, 128x128': [8, () => googlenet({ ...square(128), auxiliaryHeads: true })],
};

/** The milliseconds of each step in about this many seconds. */
type Turn = (seconds: number) => Promise<readonly number[]>;

function engineTurn(model: LayersModel, optimizer: ReturnType<typeof sgd>, batchSize: number): Turn {
  const [height = 0, width = 0, channels = 0] = model.inputs[0]?.shape.slice(1).map(Number) ?? [];
  const images = tf.randomNormal<tf.Rank.R4>([batchSize, height, width, channels]);
  const labels = tf.tensor1d(
    Array.from({ length: batchSize }, (_, i) => i % 10),
    'int32',
  );
  const step = async () => {
    const start = performance.now();
    const measures = updateWeights(model, optimizer, { images, labels });
    await measures.loss.data();
    tf.dispose(measures);
    return performance.now() - start;
  };
  return async (seconds) => {
    await step();
    const times: number[] = [];
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end) times.push(await step());
    return times;
  };
}

function pythonTurn(child: ChildProcess): Turn {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async (seconds) => {
    child.stdin?.write(`${seconds}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('Python ended');
    return JSON.parse(value) as number[];
  };
}

const [python, rounds = '3', seconds = '2', ...wanted] = process.argv.slice(2);
if (python === undefined) throw new RangeError('exported-step needs a Python with numpy and onnxruntime');
const program = fileURLToPath(new URL('../python/exported_step.py', import.meta.url));
const example = fileURLToPath(new URL('../../../../examples/training-step/python', import.meta.url));
registerOnnxBackend({ threads });
await tf.setBackend('onnx');
const rows: string[][] = [];
for (const [name, [batchSize, build]] of Object.entries(networks)) {
  if (wanted.length > 0 && !wanted.some((each) => name.startsWith(each))) continue;
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
  const [model, optimizer] = [build(), sgd({ learningRate: 1e-4, momentum: 0.9, weightDecay: 1e-4 })];
  const children: ChildProcess[] = [];
  try {
    for (const operators of ['onnxruntime', 'standard'] as const) {
      const place = join(folder, operators);
      await writeTrainingStep(model, place, { optimizer, batchSize, operators });
      children.push(spawn(python, [program, example, place, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] }));
    }
    const turns = [...children.map(pythonTurn), engineTurn(model, optimizer, batchSize)];
    const results: number[][] = [];
    // The first round compiles, and is not counted.
    for (let round = 0; round <= Number(rounds); round++) {
      const order = turns.map((turn, i) => ({ turn, i }));
      const medians: number[] = [];
      for (const { turn, i } of round % 2 === 0 ? order : order.toReversed())
        medians[i] = median(await turn(round === 0 ? 0.1 : Number(seconds)));
      if (round > 0) results.push(medians);
    }
    const own = compared(results.map(([first = 0, , engine = 0]) => [first, engine]));
    const standard = compared(results.map(([, second = 0, engine = 0]) => [second, engine]));
    const [, engine = 0] = own.medians;
    rows.push([
      `${name}, batch ${batchSize}`,
      engine.toFixed(1),
      ...[own, standard].flatMap(({ medians, ratio }) => [(medians[0] ?? 0).toFixed(1), ratio.toFixed(2)]),
    ]);
  } finally {
    for (const child of children) child.stdin?.end();
    model.dispose();
    optimizer.dispose();
    rmSync(folder, { recursive: true });
  }
}
console.log(
  markdownTable([['ms a step', 'engine', "onnxruntime's operators", 'ratio', 'standard operators', 'ratio'], ...rows]),
);
