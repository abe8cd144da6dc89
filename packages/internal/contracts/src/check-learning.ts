/**
 * Every network for 32x32 pictures learns: one epoch by its paper's recipe on a part of CIFAR-10 lowers the loss of test images.
 *
 *   pnpm --filter @cnnzoo/contracts check-learning --data cifar10.zip [--images 10000] [NETWORK…]
 *
 * The same 500 test images are asked before and after the epoch. So what is compared is what the epoch did to each image, and neither how
 * hard the images of a step were nor how many steps there were: of the training losses, four at each end differed by their own noise
 * where the recipe's first steps are small. Layers run as in training: the running statistics of batch norm are not yet any image's
 * before the epoch, and still follow during a short one. Of so few images an epoch is too short for the recipe's schedule to change its
 * learning rate. Networks run in the order in which they are named. ZCA whitening takes minutes to fit, once for all of them.
 */
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { setZca } from '@cnnzoo/blocks';
import { DataLoader, type Dataset, imageFolder, subset } from '@cnnzoo/data';
import { crossEntropy, type Labels } from '@cnnzoo/losses';
import { type Recipe, recipeOptions, recipes, train } from '@cnnzoo/train';
import {
  compose,
  evaluationTransform,
  fitZca,
  globalContrastNormalization,
  preprocessings,
  recipeAugmentation,
  type Zca,
} from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createModel, listModels, type ModelId } from 'cnnzoo';
import { isGiant } from './small-networks.js';

/** Test images that are asked before and after. */
const asked = 500;
/** In standard errors of the mean, over the test images, of what their losses fell by. */
const bar = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, images: { type: 'string', default: '10000' } },
});
if (values.data === undefined)
  throw new TypeError(
    '--data is missing: a folder, .zip or .tar with train/CLASS/*.jpg and test/CLASS/*.jpg of 32 x 32 pixels',
  );
const small = listModels().filter((id) => id.startsWith('cifar_') && !isGiant(id));
const wanted = positionals.length === 0 ? small : positionals.map((name) => named(name));

function named(name: string): ModelId {
  const id = small.find((each) => each === name);
  if (id === undefined) throw new RangeError(`NETWORK must be one of ${small.join(', ')}, got '${name}'`);
  return id;
}

registerOnnxBackend();
await tf.setBackend('onnx');

/** Evenly from all over a data set, which is sorted by class. */
function evenly(all: Dataset, count: number): Dataset {
  return subset(
    all,
    Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)),
  );
}

const training = await imageFolder(values.data, { root: 'train' });
const images = evenly(training, Math.min(Number(values.images), training.length));
const prepare = evaluationTransform(preprocessings.cifar);
// Shuffled, in the same order each time: batch norm would take a batch of one class for what all images have in common.
const tests = new DataLoader(evenly(await imageFolder(values.data, { root: 'test' }), asked), {
  ...{ batchSize: 100, shuffle: true, seed: 1 },
  transform: prepare,
});
let fitted: Zca | null = null;

async function zca(): Promise<Zca> {
  async function* whole() {
    const each = compose([prepare, globalContrastNormalization()]);
    for (let index = 0; index < images.length; index++) yield each((await images.get(index)).image);
  }
  fitted ??= await fitZca(whole());
  return fitted;
}

type Loss = (labels: Labels, logits: tf.Tensor2D) => tf.Scalar;

/** The loss of each test image in the mode of training, by the network's main output. */
async function lossesOf(model: LayersModel, loss: Loss): Promise<number[]> {
  const losses: number[] = [];
  for await (const { images, labels } of tests.epoch(0)) {
    const ofBatch = tf.tidy(() => {
      const outputs = model.apply(images, { training: true });
      const logits = (Array.isArray(outputs) ? outputs[0] : outputs) as tf.Tensor2D;
      return tf.stack(
        Array.from({ length: images.shape[0] }, (_, i) =>
          loss(tf.slice1d(labels as tf.Tensor1D, i, 1), tf.slice2d(logits, [i, 0], [1, -1])),
        ),
      );
    });
    losses.push(...(await ofBatch.data()));
    tf.dispose([images, labels, ofBatch]);
  }
  return losses;
}

interface Outcome {
  readonly steps: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

async function trainedByRecipe(id: ModelId, recipe: Recipe): Promise<Outcome> {
  const { dropout, whitening, auxiliaryWeight, batchSize } = recipe;
  const options = {
    ...{ numClasses: images.categories.length, seed: 1 },
    ...(dropout === undefined ? {} : { dropout }),
    ...(whitening === undefined ? {} : { whitening }),
    ...(auxiliaryWeight === undefined ? {} : { auxiliaryHeads: true }),
  };
  const model = createModel(id, options as never);
  if (whitening === 'zca') setZca(model, await zca());
  const { transform } = recipeAugmentation(recipe, {
    preprocessing: preprocessings.cifar,
    classes: images.categories.length,
  });
  const loader = new DataLoader(images, { ...{ batchSize, shuffle: true, seed: 1, dropLast: true }, transform });
  const own = recipeOptions({ ...recipe, epochs: 1 });
  const { loss = crossEntropy } = own;
  const before = await lossesOf(model, loss);
  let steps = 0;
  const { interrupted } = await train(model, loader, {
    ...own,
    warnings: false,
    onEvent: (event) => {
      if (event.type === 'step') steps++;
    },
  });
  if (interrupted !== null) process.exit(interrupted === 'SIGTERM' ? 143 : 130);
  const after = await lossesOf(model, loss);
  own.optimizer.dispose();
  model.dispose();
  return { steps, before, after };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

console.log('| network | recipe | steps | loss before | after | standard errors | seconds |');
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
const failed: ModelId[] = [];
for (const id of wanted) {
  const [name, recipe] = Object.entries<Recipe>(recipes).find(([, { networks }]) => networks.includes(id)) ?? [];
  if (recipe === undefined) throw new Error(`${id} has no recipe`);
  const start = performance.now();
  const { steps, before, after } = await trainedByRecipe(id, recipe);
  const falls = before.map((loss, i) => loss - (after[i] ?? Number.NaN));
  const fall = mean(falls);
  const error = Math.sqrt(mean(falls.map((each) => (each - fall) ** 2)) / (falls.length - 1));
  if (!(fall > bar * error)) failed.push(id);
  const seconds = (performance.now() - start) / 1000;
  const figures = [mean(before).toFixed(3), mean(after).toFixed(3), (fall / error).toFixed(1), seconds.toFixed(0)];
  console.log(`| ${id} | ${name} | ${steps} | ${figures.join(' | ')} |`);
}
for (const id of failed) console.error(`${id}: the loss of the test images did not fall by ${bar} standard errors`);
process.exit(failed.length === 0 ? 0 : 1);
