/**
 * Every network for 32x32 pictures learns: one epoch by its paper's recipe on a part of CIFAR-10 lowers the training loss.
 *
 *   pnpm --filter @cnnzoo/contracts check-learning --data cifar10.zip [--images 10000] [NETWORK…]
 *
 * Of so few images an epoch is too short for the recipe's schedule to change its learning rate: the loss has to fall by more than its noise,
 * no more. 2,000 images, 15 to 20 steps, are enough for plain-20 and ResNet-20 and too few for plain-32 and the highway networks. ZCA whitening
 * takes minutes to fit.
 */
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { setZca } from '@cnnzoo/blocks';
import { DataLoader, imageFolder, subset } from '@cnnzoo/data';
import { squaredHinge } from '@cnnzoo/losses';
import { type Recipe, recipeOptions, recipes, train } from '@cnnzoo/train';
import {
  compose,
  evaluationTransform,
  fitZca,
  globalContrastNormalization,
  preprocessings,
  randomCrop,
  randomHorizontalFlip,
  type Zca,
} from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, listModels, type ModelId } from 'cnnzoo';
import { isGiant } from './small-networks.js';

/** Steps at the beginning and at the end whose losses are compared. */
const compared = 4;
/** In standard errors of the difference of the two means. */
const bar = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, images: { type: 'string', default: '10000' } },
});
if (values.data === undefined)
  throw new TypeError('--data is missing: a folder, .zip or .tar with train/CLASS/*.jpg of 32 x 32 pixels');

registerOnnxBackend();
await tf.setBackend('onnx');
const all = await imageFolder(values.data, { root: 'train' });
const count = Math.min(Number(values.images), all.length);
// Evenly from all over the data set, which is sorted by class.
const images = subset(
  all,
  Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)),
);
const prepare = evaluationTransform(preprocessings.cifar);
let fitted: Zca | null = null;

/** Fitted once: it takes minutes. */
async function zca(): Promise<Zca> {
  async function* whole() {
    const each = compose([prepare, globalContrastNormalization()]);
    for (let index = 0; index < images.length; index++) yield each((await images.get(index)).image);
  }
  fitted ??= await fitZca(whole());
  return fitted;
}

async function lossesOf(id: ModelId, recipe: Recipe): Promise<number[]> {
  const { dropout, whitening, auxiliaryWeight, batchSize } = recipe;
  const options = {
    ...{ numClasses: images.categories.length, seed: 1 },
    ...(dropout === undefined ? {} : { dropout }),
    ...(whitening === undefined ? {} : { whitening }),
    ...(auxiliaryWeight === undefined ? {} : { auxiliaryHeads: true }),
  };
  const model = createModel(id, options as never);
  if (whitening === 'zca') setZca(model, await zca());
  const loader = new DataLoader(images, {
    ...{ batchSize, shuffle: true, seed: 1, dropLast: true },
    transform: compose([randomCrop(32, { padding: 4 }), randomHorizontalFlip(), prepare]),
  });
  const losses: number[] = [];
  const own = recipeOptions({ ...recipe, epochs: 1 });
  await train(model, loader, {
    ...own,
    // DSN's: the recipe says so in words.
    ...(id === 'cifar_dsn' ? { loss: squaredHinge } : {}),
    warnings: false,
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
    },
  });
  own.optimizer.dispose();
  model.dispose();
  return losses;
}

/** The mean of some losses in a row, and their noise: from one to the next, so that a fall is none of it. */
function meanAndNoise(losses: readonly number[]): { mean: number; variance: number } {
  const steps = losses.slice(1).map((loss, i) => loss - (losses[i] ?? Number.NaN));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return { mean, variance: steps.reduce((sum, step) => sum + step ** 2, 0) / (2 * steps.length) };
}

const isWanted = (id: ModelId) => positionals.length === 0 || positionals.includes(id);
const learned = new Map<ModelId, boolean>();
for (const id of listModels().filter((id) => id.startsWith('cifar_') && !isGiant(id) && isWanted(id))) {
  const [name, recipe] = Object.entries<Recipe>(recipes).find(([, { networks }]) => networks.includes(id)) ?? [];
  if (recipe === undefined) throw new Error(`${id} has no recipe`);
  const start = performance.now();
  const losses = await lossesOf(id, recipe);
  const [before, after] = [meanAndNoise(losses.slice(0, compared)), meanAndNoise(losses.slice(-compared))];
  const fall = before.mean - after.mean;
  const error = Math.sqrt((before.variance + after.variance) / compared);
  learned.set(id, fall > bar * error);
  console.log(
    [
      id.padEnd(24),
      `${name}`.padEnd(18),
      `${losses.length} steps`,
      `loss ${before.mean.toFixed(3)} to ${after.mean.toFixed(3)}`,
      `${(fall / error).toFixed(1)} standard errors`,
      `${((performance.now() - start) / 1000).toFixed(0)} s`,
    ].join('  '),
  );
}
const failed = [...learned].filter(([, does]) => !does).map(([id]) => id);
for (const id of failed) console.error(`${id}: the loss did not fall by more than its noise`);
process.exit(failed.length === 0 ? 0 : 1);
