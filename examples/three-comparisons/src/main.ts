/**
 * Three pairs of networks that differ in one thing, and how the training loss of each falls: `npm start -- --data cifar10.zip
 * [--images 2000] [--epochs 4] [--only prelu,lsuv,highway]`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@cnnzoo/backend-node';
import { DataLoader, imageFolder, subset } from '@cnnzoo/data';
import { sgd, train, warmUp } from '@cnnzoo/train';
import { compose, normalize, randomHorizontalFlip, resize, toTensor } from '@cnnzoo/transforms';
import { comparisons, type Network, pixels } from './comparisons.js';
import { type Curve, drawComparison } from './draw-comparison.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    images: { type: 'string', default: '2000' },
    only: { type: 'string', default: comparisons.map(({ id }) => id).join() },
    folder: { type: 'string', default: join('runs', 'three-comparisons') },
  },
});
if (values.data === undefined)
  throw new TypeError('--data is missing: a folder, .zip or .tar with train/CLASS/*.jpg of 32 x 32 pixels');

const wanted = values.only.split(',');
/** A point of a curve is the mean loss of this many steps. */
const stepsOfPoint = 10;

await useBackend();
const all = await imageFolder(values.data, { root: 'train' });
const count = Math.min(Number(values.images), all.length);
// Evenly from all over the data set, which is sorted by class.
const images = subset(
  all,
  Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)),
);
const transform = compose([
  resize(pixels),
  randomHorizontalFlip(),
  toTensor(),
  normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]),
]);
await mkdir(values.folder, { recursive: true });

async function curveOf({ name, make }: Network, learningRate: number): Promise<Curve> {
  const loader = new DataLoader(images, {
    batchSize: 32,
    shuffle: true,
    seed: 1,
    transform,
    dropLast: true,
    workers: 1,
  });
  const model = await make(loader);
  const optimizer = sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 5e-4 });
  const losses: number[] = [];
  const { interrupted } = await train(model, loader, {
    epochs: Number(values.epochs),
    optimizer,
    schedule: warmUp({ duration: 20, start: 0.1, unit: 'step' }, () => 1),
    clipping: { norm: 2 },
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
    },
  });
  optimizer.dispose();
  model.dispose();
  if (interrupted !== null) process.exit(interrupted === 'SIGTERM' ? 143 : 130);
  const points = Array.from({ length: Math.floor(losses.length / stepsOfPoint) }, (_, i) => {
    const part = losses.slice(i * stepsOfPoint, (i + 1) * stepsOfPoint);
    return [(i + 1) * stepsOfPoint, part.reduce((sum, loss) => sum + loss, 0) / part.length] as const;
  });
  return { name, points };
}

console.log('| comparison | network | loss of the first 10 steps | half-way | loss of the last 10 steps |');
console.log('| --- | --- | ---: | ---: | ---: |');
for (const { id, title, learningRate, networks } of comparisons.filter(({ id }) => wanted.includes(id))) {
  const curves: Curve[] = [];
  for (const network of networks) {
    const curve = await curveOf(network, learningRate);
    curves.push(curve);
    const { points } = curve;
    const shown = [points[0], points[Math.floor(points.length / 2)], points.at(-1)];
    console.log(`| ${title} | ${network.name} | ${shown.map((point) => point?.[1].toFixed(3)).join(' | ')} |`);
  }
  await writeFile(join(values.folder, `${id}.svg`), drawComparison(title, curves));
}
// Worker threads of the loaders wait a moment for a next epoch.
process.exit(0);
