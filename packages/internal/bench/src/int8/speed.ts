/**
 * Networks in int8 beside the same ones in float, frozen both, in turns:
 *
 *     pnpm --filter @cnnzoo/bench int8-speed [SECONDS] [BATCH,...] [NETWORK,...] [PYTHON]
 *
 * Weights are random: speed does not depend on them. PYTHON: one with onnxruntime, onnx and sympy, whose quantizer makes the contender python of the network's
 * ONNX file and the same calibration images.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportOnnx, freeze, int8Products, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { quantize } from '@cnnzoo/quantize';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, type ModelId } from 'cnnzoo';
import { median } from '../statistics.js';

const [seconds = '20', batches = '1,8', names = 'resnet50,vgg16,googlenet', python] = process.argv.slice(2);
registerOnnxBackend();
await tf.setBackend('onnx');
/**
 * Milliseconds that are not counted at the beginning of a turn: the threads of the network before spin for 20 to 40 ms after its last run, and take a processor.
 * Counted, ResNet-50's int8 seems to take 11 ms and not 7 here.
 */
const othersSpin = 100;
const runsOfTurn = 4;
console.log(`sums of 8-bit products: ${int8Products()}`);
const size = 224 * 224 * 3;
const images = (count: number) => Float32Array.from({ length: count * size }, (_, i) => Math.sin(i * 0.37));

for (const name of names.split(',')) {
  const model = createModel(name as ModelId, { seed: 1 });
  const calibration = [images(2)];
  const int7 = await quantize(model, calibration, { weights: 'int7' });
  const contenders = {
    float: freeze(model),
    int7: freeze(int7),
    int8: freeze(await quantize(model, calibration, { weights: 'int8' })),
    ...(python !== undefined && {
      python: freeze({ model: quantizedByPython(python, exportOnnx(model), images(2)), signature: int7.signature }),
    }),
  };
  model.dispose();
  for (const batch of batches.split(',').map(Number)) {
    const input = images(batch);
    const times = new Map<string, number[]>(Object.keys(contenders).map((each) => [each, []]));
    const end = performance.now() + 1000 * Number(seconds);
    while (performance.now() < end)
      for (const [each, { run }] of Object.entries(contenders)) {
        const warm = performance.now() + othersSpin;
        do run(input);
        while (performance.now() < warm);
        for (let turn = 0; turn < runsOfTurn; turn++) {
          const began = performance.now();
          run(input);
          times.get(each)?.push(performance.now() - began);
        }
      }
    const timesAsFast = (taken: readonly number[], than: readonly number[]) =>
      median(taken.map((time, i) => (than[i] ?? Number.NaN) / time)).toFixed(2);
    const theirs = times.get('python');
    for (const [each, taken] of times)
      console.log(
        `${name}, batch ${batch}, ${each}: ${median(taken).toFixed(1)} ms, ${timesAsFast(taken, times.get('float') ?? [])} times as fast as float${theirs === undefined ? '' : `, ${timesAsFast(taken, theirs)} times as python`}`,
      );
  }
  for (const { dispose } of Object.values(contenders)) dispose();
}

/** What onnxruntime's own quantizer makes of a float ONNX file. */
function quantizedByPython(program: string, float: Uint8Array, calibration: Float32Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'int8-speed-'));
  const [from, by, to] = ['float.onnx', 'images.f32', 'int8.onnx'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  try {
    writeFileSync(from, float);
    writeFileSync(by, calibration);
    const script = fileURLToPath(new URL('../../python/quantize_onnx.py', import.meta.url));
    execFileSync(program, [script, from, by, to], { stdio: ['ignore', 'ignore', 'inherit'] });
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
