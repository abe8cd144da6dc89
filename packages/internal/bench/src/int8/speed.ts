/**
 * Networks in int8 beside the same ones in float, frozen both, in turns:
 *
 *     pnpm --filter @cnnzoo/bench int8-speed [SECONDS] [BATCH,...] [NETWORK,...] [FILE.onnx ...]
 *
 * Weights are random: speed does not depend on them. FILE.onnx: the same network quantized by another tool, NHWC, opened as it is.
 */
import { readFileSync } from 'node:fs';
import { freeze, int8Products, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { quantize } from '@cnnzoo/quantize';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, type ModelId } from 'cnnzoo';
import { median } from '../statistics.js';

const [seconds = '20', batches = '1,8', names = 'resnet50,vgg16,googlenet', ...files] = process.argv.slice(2);
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
    ...Object.fromEntries(
      files.map((file) => [file, freeze({ model: readFileSync(file), signature: int7.signature })] as const),
    ),
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
    const float = times.get('float') ?? [];
    for (const [each, taken] of times) {
      const ratios = taken.map((time, i) => (float[i] ?? Number.NaN) / time);
      console.log(
        `${name}, batch ${batch}, ${each}: ${median(taken).toFixed(1)} ms, ${median(ratios).toFixed(2)} times as fast as float`,
      );
    }
  }
  for (const { dispose } of Object.values(contenders)) dispose();
}
