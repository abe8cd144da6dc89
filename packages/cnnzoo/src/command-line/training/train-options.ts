/** The options of `cnnzoo train`, which are those of a run file, too. */
import { choice, flag, numeric, text } from '../command.js';
import { networkNames } from '../network-names.js';
import { recipeNames } from '../recipe-names.js';

export const trainOptions = {
  data: text(
    'place',
    'the images, where the first word is a recipe or a run file: a folder, archive or list of labels',
  ),
  network: choice('name', "default: resnet18, or the recipe's", networkNames),
  recipe: choice('name', 'train as a paper did, instead of fine-tuning', recipeNames),
  weights: text(
    'set',
    'what it begins with: a published set, a repository of the hub (hf-hub:owner/name), a path or an address, or none for random weights; default: DEFAULT where there is one, none with a recipe',
  ),
  epochs: numeric('number', "default: 5, or the recipe's", { least: 1 }),
  frozenEpochs: numeric('number', 'of these, those at the beginning in which only the new head learns; default: 1'),
  batchSize: numeric('number', "images in a step; default: 32, or the recipe's", { least: 1 }),
  learningRate: numeric('number', "default: 0.001, or the recipe's", { least: 1e-12, whole: false }),
  validation: text(
    'place',
    'images to test on after each epoch, or the share of the others that is set aside, such as 0.2',
  ),
  seed: numeric('number', 'decides first weights, split and order; default: 0'),
  workers: numeric('number', 'threads that read and decode images; default: 1'),
  out: text('folder', "where the classifier is saved; default: the network's name and -trained"),
  checkpoint: text(
    'folder',
    "where checkpoints are; default: out's name and -checkpoints, removed once the classifier is saved",
  ),
  resume: flag('resume the run whose checkpoints are there'),
  findLearningRate: text(
    'file.svg',
    'train nothing: try growing learning rates for some steps, draw the loss, and suggest one for --learning-rate',
  ),
  mlflow: text('uri', 'send the figures to an MLflow server, such as http://127.0.0.1:5000'),
  trackio: text('url', 'send the figures to a trackio server, by the address that it prints'),
  live: flag('serve a page with the curves while it trains'),
  port: numeric('number', 'of that page; default: any that is free', { most: 65535 }),
} as const;
