/** The classifier that `predict` and `evaluate` use, and the options that say which. */
import type { ImageClassifier } from '../classifier/classifier.js';
import { choice, text } from './command.js';
import { networkNames, networkRow } from './network-names.js';

export const sourceOptions = {
  model: text(
    'place',
    'a folder that cnnzoo train has saved, a published set (resnet50.DEFAULT), or a file of weights with --network; default: resnet18.DEFAULT',
  ),
  network: choice('name', 'for a file of weights: the network that they are of', networkNames),
} as const;

export async function openClassifier(options: { model?: string; network?: string }): Promise<ImageClassifier> {
  const { model = 'resnet18.DEFAULT', network } = options;
  const { loadClassifier } = await import('../classifier/load-classifier.js');
  return loadClassifier(model, network === undefined ? {} : { network: networkRow(network).id });
}
