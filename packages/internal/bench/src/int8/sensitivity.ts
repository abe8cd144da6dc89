/**
 * What each layer of a CIFAR ResNet costs in int8, and which of them stay in float where no more than so many points may be lost:
 *
 *     pnpm --filter @cnnzoo/bench int8-sensitivity WEIGHTS.th DEPTH CIFAR10.zip [IMAGES] [PICTURE.svg] [MAX-LOSS ...]
 *
 * WEIGHTS.th and CIFAR10.zip: see int8-accuracy.
 */
import { writeFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { drawSensitivity, formatSensitivity, quantize, sensitivity } from '@cnnzoo/quantize';
import * as tf from '@tensorflow/tfjs-core';
import { cifarBatches, trainedResnet } from './cifar-images.js';

const [weights, depth, archive, count = '1000', picture, ...losses] = process.argv.slice(2);
if (weights === undefined || archive === undefined) throw new TypeError('expected WEIGHTS.th DEPTH CIFAR10.zip');

registerOnnxBackend();
await tf.setBackend('onnx');
const model = await trainedResnet(weights, Number(depth));
const calibration = (await cifarBatches(archive, 'train', 500)).map(({ images }) => images);
const test = await cifarBatches(archive, 'test', Number(count));
const began = performance.now();
// One scale for all channels and the whole range: what costs most.
const options = { perChannel: false, weights: 'int7' } as const;
const report = await sensitivity(model, { calibration, test }, options);
console.log(formatSensitivity(report));
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
if (picture !== undefined) writeFileSync(picture, drawSensitivity(report));
for (const maxLoss of losses.map(Number)) {
  const { facts, model: file } = await quantize(model, calibration, { ...options, maxLoss, test });
  console.log(
    `at most ${maxLoss} points: ${facts.loss?.toFixed(2)} lost, ${file.length} bytes, in float: ${facts.excluded.join(', ') || 'none'}`,
  );
}
