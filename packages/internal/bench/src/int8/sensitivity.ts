/**
 * What each layer of a CIFAR ResNet costs in int8, and which of them stay in float where no more than so many points may be lost:
 *
 *     pnpm --filter @cnnzoo/bench int8-sensitivity WEIGHTS.th DEPTH CIFAR10.zip [IMAGES] [PICTURE.svg] [MAX-LOSS ...]
 *
 * WEIGHTS.th and CIFAR10.zip: see int8-accuracy.
 */
import { writeFileSync } from 'node:fs';
import { drawSensitivity, formatSensitivity, quantize, sensitivity } from '@cnnzoo/quantize';
import { cifarBench } from './cifar-setup.js';

const { words, trained, calibration, testImages } = await cifarBench();
const [count = '1000', picture, ...losses] = words;
const model = await trained();
const test = await testImages(Number(count));
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
