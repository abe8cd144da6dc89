/** The classifier that `predict` and `evaluate` use, and the options that say which. */
import { readFile } from 'node:fs/promises';
import type { PreprocessingName } from '@cnnzoo/transforms';
import type { ImageClassifier } from '../classifier/classifier.js';
import { choice, text } from './command.js';
import { networkNames, networkRow } from './network-names.js';

/** Rows of `preprocessings`, for the help and completion; the compiler holds them against the table. */
const preprocessingNames: Readonly<Record<PreprocessingName, true>> = {
  imagenet: true,
  imagenetV2: true,
  alexnetPaper: true,
  tensorflow: true,
  inception: true,
  inceptionBicubic: true,
  caffe: true,
  cifar: true,
  mnist: true,
};

export const sourceOptions = {
  model: text(
    'place',
    'a folder that cnnzoo train has saved, a published set (resnet50.DEFAULT), a repository of the hub (hf-hub:owner/name), an .onnx file, or a file of weights with --network; default: resnet18.DEFAULT',
  ),
  network: choice('name', 'for a file of weights: the network that they are of', networkNames),
  categories: text('file', 'names of the classes, one a line, where the model does not say them'),
  preprocessing: choice(
    'name',
    'for an .onnx file that does not say it: how images are prepared',
    Object.keys(preprocessingNames) as PreprocessingName[],
  ),
} as const;

interface Source {
  readonly model?: string;
  readonly network?: string;
  readonly categories?: string;
  readonly preprocessing?: PreprocessingName;
}

export async function openClassifier({ model = 'resnet18.DEFAULT', ...options }: Source): Promise<ImageClassifier> {
  const { network, categories, preprocessing } = options;
  const { loadClassifier } = await import('../classifier/load-classifier.js');
  return loadClassifier(model, {
    ...(network !== undefined && { network: networkRow(network).id }),
    ...(categories !== undefined && { categories: await namesIn(categories) }),
    ...(preprocessing !== undefined && { preprocessing }),
  });
}

async function namesIn(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '');
}
