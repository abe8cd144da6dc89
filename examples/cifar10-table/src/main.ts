/** Trains the networks of the lecture's table on CIFAR-10 under one schedule: `npm start -- --data cifar10.zip`. It resumes by itself. */
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DataLoader, type Dataset, imageFolder, subset } from '@cnnzoo/data';
import { summarize } from '@cnnzoo/shape';
import { cosineDecay, sgd, train, warmUp } from '@cnnzoo/train';
import { compose, normalize, randomCrop, randomHorizontalFlip, toTensor } from '@cnnzoo/transforms';
import { createModel, type ModelId, useBackend } from 'cnnzoo';

/** A few epochs are too short to overfit, and dropout would only slow them down: no network has it here. */
const withoutDropout = { dropout: 0 };

/** The error on CIFAR-10 in percent that the lecture's table 4 or the network's paper has, with augmentation where they have it. */
const rows = {
  cifar_nin: { paper: 8.81, options: withoutDropout },
  cifar_dsn: { paper: 8.22, options: withoutDropout },
  cifar_fitnet4: { paper: 8.39, options: withoutDropout },
  cifar_highway19: { paper: 7.72, options: withoutDropout },
  cifar_allcnn_c: { paper: 7.25, options: withoutDropout },
  cifar_elu11: { paper: null, options: withoutDropout },
  cifar_elu18: { paper: 6.55, options: withoutDropout },
  cifar_resnet20: { paper: 8.75, options: {} },
  cifar_resnet110: { paper: 6.61, options: {} },
} as const satisfies Partial<Record<ModelId, { readonly paper: number | null; readonly options: object }>>;

type Network = keyof typeof rows;

interface Row {
  readonly network: Network;
  readonly parameters: number;
  readonly macs: number;
  readonly epochs: number;
  readonly losses: readonly number[];
  /** On the test images, after each epoch. The test images choose nothing: the weights are those of the last step. */
  readonly testAccuracies: readonly number[];
  readonly seconds: number;
}

const usage = `usage: npm start -- --data FOLDER_OR_ARCHIVE [options]
  --data PATH       a folder, .zip or .tar with train/CLASS/*.jpg and test/CLASS/*.jpg of 32 x 32 pixels
  --networks NAMES  some of ${Object.keys(rows).join(', ')}; default all
  --epochs N        default 3
  --images N        of the training images, evenly spread; default all
  --test-images N   of the test images, evenly spread; default all
  --batch N         images of a step; default 64
  --rate N          the highest learning rate; default 0.02
  --seed N          default 1
  --folder FOLDER   for checkpoints and results; default runs/cifar10-table`;

function isNetwork(name: string): name is Network {
  return Object.hasOwn(rows, name);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      networks: { type: 'string', default: Object.keys(rows).join(',') },
      epochs: { type: 'string', default: '3' },
      images: { type: 'string' },
      'test-images': { type: 'string' },
      batch: { type: 'string', default: '64' },
      rate: { type: 'string', default: '0.02' },
      seed: { type: 'string', default: '1' },
      folder: { type: 'string', default: join('runs', 'cifar10-table') },
    },
  });
  if (values.data === undefined) throw new TypeError(`--data is missing\n${usage}`);
  const networks = values.networks.split(',').map((name) => {
    if (!isNetwork(name)) throw new RangeError(`--networks has no '${name}'\n${usage}`);
    return name;
  });
  const { epochs, batch, rate, seed } = values;
  const numbers = { epochs: Number(epochs), batch: Number(batch), rate: Number(rate), seed: Number(seed) };
  return { ...values, data: values.data, networks, ...numbers };
}

async function main(): Promise<number> {
  const { data, networks, epochs, batch, images, 'test-images': testImages, rate, seed, folder } = readArguments();
  const training = part(await imageFolder(data, { root: 'train' }), images);
  const test = part(await imageFolder(data, { root: 'test' }), testImages);
  await useBackend();
  const finish = [toTensor(), normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616])];
  const augment = compose([randomCrop(32, { padding: 4 }), randomHorizontalFlip(), ...finish]);
  console.log('| network | parameters | MACs | loss by epoch | test error by epoch, % | paper | seconds |');
  console.log('| --- | ---: | ---: | --- | --- | ---: | ---: |');
  for (const network of networks) {
    const file = join(folder, `${network}.json`);
    const row = (await resultOf(file)) ?? (await run(network));
    if (row === null) return 130;
    console.log(format(row));

    async function run(network: Network): Promise<Row | null> {
      const checkpoints = join(folder, network);
      await mkdir(folder, { recursive: true });
      const model = createModel(network, { numClasses: training.categories.length, seed, ...rows[network].options });
      const { params, macs } = summarize(model);
      const loader = new DataLoader(training, {
        ...{ batchSize: batch, shuffle: true, seed, transform: augment, dropLast: true, workers: 1 },
      });
      const history = await train(model, loader, {
        epochs,
        validation: new DataLoader(test, { batchSize: 250, transform: compose(finish), workers: 1 }),
        optimizer: sgd({ learningRate: rate, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
        schedule: warmUp({ duration: 0.2, start: 0.05 }, cosineDecay()),
        clipping: { norm: 2 },
        checkpoint: { folder: checkpoints, keepLast: 1, everySteps: 100 },
        // A run that ended before its first checkpoint begins again.
        resume: await access(join(checkpoints, 'checkpoints.json')).then(
          () => true,
          () => false,
        ),
      });
      model.dispose();
      if (history.interrupted !== null) {
        console.error(`${network}: stopped after step ${history.step}; the same command resumes`);
        return null;
      }
      const row: Row = {
        ...{ network, epochs, parameters: params, macs },
        losses: history.epochs.map(({ loss }) => loss),
        testAccuracies: history.epochs.flatMap(({ validation }) =>
          validation === undefined ? [] : [validation.accuracy],
        ),
        seconds: history.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
      };
      await writeFile(`${file}.part`, JSON.stringify(row));
      await rename(`${file}.part`, file);
      return row;
    }
  }
  return 0;
}

/** So many images, evenly from all over a data set that is sorted by class; all where nobody says how many. */
function part(all: Dataset, images: string | undefined): Dataset {
  const count = Math.min(all.length, images === undefined ? all.length : Number(images));
  return subset(
    all,
    Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)),
  );
}

/** The row of a network that is done, or null. */
async function resultOf(file: string): Promise<Row | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as Row);
}

function format({ network, parameters, macs, losses, testAccuracies, seconds }: Row): string {
  const { paper } = rows[network];
  const cells = [
    ...[network, parameters.toLocaleString('en'), `${(macs / 1e6).toFixed(0)} M`],
    losses.map((loss) => loss.toFixed(3)).join(', '),
    testAccuracies.map((accuracy) => (100 - 100 * accuracy).toFixed(1)).join(', '),
    paper === null ? '' : `${paper} %`,
    seconds.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    process.exit(1);
  },
);
