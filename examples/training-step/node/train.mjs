// Trains LeNet-5 on digits that it draws itself, without TensorFlow.js: node train.mjs STEP_FOLDER [STEPS]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';
import * as ort from 'onnxruntime-node';
import { trainingStep } from '../training-step.mjs';

const [folder = '.', steps = '200'] = argv.slice(2);
const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
const [model, state] = await Promise.all([manifest.model, manifest.state].map((name) => readFile(join(folder, name))));
const { step, save } = await trainingStep(ort, { manifest, model, state });

let seed = 1;
/** The next of the same numbers in each run, from 0 to below 1: a linear congruential generator. */
function random() {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

/** Bars: class k has a bright one k columns from the left, and noise around it. */
function drawBatch() {
  const [count, height, width] = manifest.inputs.images.shape;
  const images = Float32Array.from({ length: count * height * width }, () => random() - 0.5);
  const labels = Int32Array.from({ length: count }, () => Math.floor(random() * 10));
  labels.forEach((label, i) => {
    for (let y = 0; y < height; y++)
      images.fill(2, (i * height + y) * width + 3 * label, (i * height + y) * width + 3 * label + 2);
  });
  return { images, labels };
}

for (let i = 1; i <= Number(steps); i++) {
  const { loss, accuracy } = await step({ ...drawBatch(), learning_rate: 0.02 });
  if (i % 20 === 0 || i === Number(steps))
    console.log(`step ${i}: loss ${loss.toFixed(4)}, accuracy ${accuracy.toFixed(2)}`);
}
await writeFile(join(folder, 'trained.safetensors'), save());
