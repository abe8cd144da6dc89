/** Trains a ResNet on CIFAR-10 or any image folder of small images: `npm start -- --data cifar10.zip`. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@cnnzoo/backend-node';
import { DataLoader, imageFolder } from '@cnnzoo/data';
import { evaluate, mostConfused, singleCrop } from '@cnnzoo/evaluate';
import { cifarResnet } from '@cnnzoo/resnet';
import { jsonlLog, oneCycle, sgd, type TrainEvent, tensorboardLog, train, trainingCurves } from '@cnnzoo/train';
import { compose, normalize, randomCrop, randomHorizontalFlip, toTensor } from '@cnnzoo/transforms';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';

const usage = `usage: npm start -- --data FOLDER_OR_ARCHIVE [options]
  --data PATH      a folder, .zip or .tar with train/CLASS/*.jpg and test/CLASS/*.jpg of 32 x 32 pixels
  --depth N        20, 32, 44, 56 or 110; default 20
  --epochs N       default 10
  --seed N         default 1
  --folder FOLDER  for checkpoints, logs and the model; default runs/cifar10-resnet
  --resume         resume an interrupted run`;

const depths = [20, 32, 44, 56, 110] as const;

function readArguments() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      depth: { type: 'string', default: '20' },
      epochs: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      folder: { type: 'string', default: join('runs', 'cifar10-resnet') },
      resume: { type: 'boolean', default: false },
    },
  });
  const depth = depths.find((one) => String(one) === values.depth);
  if (values.data === undefined) throw new TypeError(`--data is missing\n${usage}`);
  if (depth === undefined) throw new RangeError(`--depth must be one of ${depths.join(', ')}, got ${values.depth}`);
  return { ...values, data: values.data, depth, epochs: Number(values.epochs), seed: Number(values.seed) };
}

async function main(): Promise<number> {
  const { data, depth, epochs, seed, folder, resume } = readArguments();
  const training = await imageFolder(data, { root: 'train' });
  const test = await imageFolder(data, { root: 'test' });
  const { backend } = await useBackend();
  const model = cifarResnet({ depth, numClasses: training.categories.length, seed });
  console.log(`ResNet-${depth}, ${training.length} images to train, ${test.length} to test, computing with ${backend}`);

  // He et al. (2016), section 4.2: 4 pixels of border, a random crop, a flip.
  const finish = [toTensor(), normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616])];
  const augment = compose([randomCrop(32, { padding: 4 }), randomHorizontalFlip(), ...finish]);
  const protocol = singleCrop({ transform: compose(finish) });
  const loader = new DataLoader(training, {
    batchSize: 128,
    shuffle: true,
    seed,
    transform: augment,
    dropLast: true,
    workers: 1,
  });

  const checkpoints = join(folder, 'checkpoints');
  await mkdir(folder, { recursive: true });
  if (!resume) await rm(checkpoints, { recursive: true, force: true });
  const listeners = [
    printProgress(loader.batchesPerEpoch),
    jsonlLog(join(folder, 'log.jsonl')),
    tensorboardLog(join(folder, 'tensorboard')),
  ];
  const history = await train(model, loader, {
    epochs,
    // The curves show the test images, too; nothing is chosen by them: the weights tested at the end are those of the last step.
    validation: new DataLoader(test, { batchSize: 250, transform: compose(finish), workers: 1 }),
    // The paper's 182 epochs of steps are shortened to one cycle with a higher peak.
    optimizer: sgd({ learningRate: 0.2, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    schedule: oneCycle({ rise: 0.3 }),
    checkpoint: { folder: checkpoints },
    resume,
    onEvent: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  if (history.epochs.length > 0)
    await writeFile(join(folder, 'curves.svg'), trainingCurves(history.epochs, `ResNet-${depth}`));
  if (history.interrupted !== null) {
    console.log(
      `stopped after step ${history.step}, checkpoint written to ${history.checkpoint}; continue with --resume`,
    );
    return history.interrupted === 'SIGTERM' ? 143 : 130;
  }

  const report = await evaluate(model, test, { protocol });
  console.log(`test accuracy ${(100 * report.top1).toFixed(2)} %, top-5 ${(100 * report.top5).toFixed(2)} %`);
  for (const { category, takenFor, count } of mostConfused(report, 5))
    console.log(`  ${category} taken for ${takenFor}: ${count} times`);
  const file = join(folder, `resnet${depth}.safetensors`);
  await writeFile(`${file}.part`, writeSafetensors(stateDict(model), { format: 'pt' }));
  await rename(`${file}.part`, file);
  console.log(`model saved to ${file}`);
  return 0;
}

function printProgress(batches: number): (event: TrainEvent) => void {
  const every = Math.ceil(batches / 10);
  return (event) => {
    if (event.type === 'step' && event.batch % every === 0)
      console.log(
        `epoch ${event.epoch + 1} ${Math.round((100 * event.batch) / batches)} %: loss ${event.epochLoss.toFixed(3)}, accuracy ${(100 * event.epochAccuracy).toFixed(1)} %, ${event.milliseconds.toFixed(0)} ms a step`,
      );
    if (event.type === 'epoch')
      console.log(
        `epoch ${event.epoch + 1}: loss ${event.loss.toFixed(3)}, accuracy ${(100 * event.accuracy).toFixed(1)} % of the training images, ${(100 * (event.validation?.accuracy ?? 0)).toFixed(1)} % of the test images, ${event.seconds.toFixed(0)} s`,
      );
  };
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    process.exit(1);
  },
);
