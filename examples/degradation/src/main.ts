/**
 * The degradation problem: He et al. (2016), figures 1 and 6. A deeper plain network fits even its training images worse; with
 * shortcuts it does not. `npm start -- --data cifar10.zip [--epochs 3] [--images 10000]`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@cnnzoo/backend-node';
import { DataLoader, imageFolder, subset } from '@cnnzoo/data';
import { cifarPlain, cifarResnet } from '@cnnzoo/resnet';
import { type EpochRecord, sgd, train, trainingCurves, warmUp } from '@cnnzoo/train';
import { compose, normalize, randomCrop, randomHorizontalFlip, toTensor } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    epochs: { type: 'string', default: '3' },
    images: { type: 'string', default: '10000' },
    folder: { type: 'string', default: join('runs', 'degradation') },
  },
});
if (values.data === undefined)
  throw new TypeError('--data is missing: a folder, .zip or .tar with train/CLASS/*.jpg of 32 x 32 pixels');

const networks: readonly [name: string, make: () => LayersModel][] = [
  ['plain-20', () => cifarPlain({ depth: 20, seed: 1 })],
  ['plain-56', () => cifarPlain({ depth: 56, seed: 1 })],
  ['resnet-20', () => cifarResnet({ depth: 20, seed: 1 })],
  ['resnet-56', () => cifarResnet({ depth: 56, seed: 1 })],
];

await useBackend();
const all = await imageFolder(values.data, { root: 'train' });
const count = Number(values.images);
if (!Number.isInteger(count) || count < 128 || count > all.length)
  throw new RangeError(`--images must be an integer from 128 to ${all.length}, got ${values.images}`);
// Evenly from all over the data set, which is sorted by class.
const chosen = subset(
  all,
  Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)),
);
const transform = compose([
  randomCrop(32, { padding: 4 }),
  randomHorizontalFlip(),
  toTensor(),
  normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]),
]);
await mkdir(values.folder, { recursive: true });

const results: [name: string, last: EpochRecord][] = [];
for (const [name, make] of networks) {
  const model = make();
  const loader = new DataLoader(chosen, {
    batchSize: 128,
    shuffle: true,
    seed: 1,
    transform,
    dropLast: true,
    workers: 1,
  });
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });
  const { epochs, interrupted } = await train(model, loader, {
    epochs: Number(values.epochs),
    optimizer,
    schedule: warmUp({ duration: 40, start: 0.1, unit: 'step' }, () => 1),
    onEvent: (event) => {
      if (event.type === 'epoch')
        console.log(
          `${name} epoch ${event.epoch + 1}: training error ${(100 * (1 - event.accuracy)).toFixed(1)} %, ${event.seconds.toFixed(0)} s`,
        );
    },
  });
  optimizer.dispose();
  model.dispose();
  if (interrupted !== null) process.exit(interrupted === 'SIGTERM' ? 143 : 130);
  const last = epochs.at(-1);
  if (last !== undefined) results.push([name, last]);
  await writeFile(join(values.folder, `${name}.svg`), trainingCurves(epochs, name));
}

console.log(`\n| network | training loss | training error after ${values.epochs} epochs |\n|---|---|---|`);
for (const [name, { loss, accuracy }] of results)
  console.log(`| ${name} | ${loss.toFixed(3)} | ${(100 * (1 - accuracy)).toFixed(1)} % |`);
// Worker threads of the loaders wait a moment for a next epoch.
process.exit(0);
