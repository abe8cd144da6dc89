import { check, checkOptions, integer, type OptionRules, optional } from '@cnnzoo/checks';
import { checkDataset } from './checked-dataset.js';
import { identityOf } from './evidence/evidence.js';
import { datasetRule, type LabelledImages } from './labelled-images.js';
import { imagesPerBatch } from './networks/class-probabilities.js';
import {
  type Classifier,
  classifiersOf,
  modelOf,
  type Network,
  openNetworks,
  protocolsOf,
} from './networks/classifier.js';
import { type Protocol, protocolRule } from './protocols/protocol.js';
import { singleCrop } from './protocols/single-crop.js';
import type { EvaluationDescription } from './report/evaluation-differences.js';

/** The options of `describeEvaluation`, as those of `evaluate`. */
export interface DescribeEvaluationOptions {
  readonly protocol?: Protocol;
  readonly batchSize?: number;
}

const rules: OptionRules<DescribeEvaluationOptions> = {
  protocol: optional(protocolRule),
  batchSize: optional(integer(1)),
};

/**
 * What an evaluation would be of, without computing it: a report with the same description is of the same evaluation. It reads the weights and the data
 * set's labels, and no image.
 * @throws TypeError or RangeError as `evaluate`, where the data set does not fit the network
 * @example
 * import { describeEvaluation, evaluate } from '@cnnzoo/evaluate';
 *
 * const { evidence } = await describeEvaluation(model, testSet);
 * const report = await evaluate(model, testSet);
 * console.log(evidence.weights[0] === report.evidence.weights[0]); // true
 */
export async function describeEvaluation(
  models: Classifier | readonly Classifier[],
  dataset: LabelledImages,
  options: DescribeEvaluationOptions = {},
): Promise<EvaluationDescription> {
  check('dataset', dataset, datasetRule);
  const { protocol = singleCrop(), batchSize } = checkOptions('describeEvaluation', options, rules);
  const networks = openNetworks(models, protocol);
  try {
    checkDataset(dataset, networks);
    return await descriptionOf(models, networks, dataset, imagesPerBatch(networks, batchSize));
  } finally {
    for (const network of networks) network.dispose();
  }
}

/** The same of networks that are open, whether the data set fits them or not. */
export async function descriptionOf(
  models: Classifier | readonly Classifier[],
  networks: readonly Network[],
  dataset: LabelledImages,
  batch: number,
): Promise<EvaluationDescription> {
  return {
    models: networks.map(({ name }) => name),
    protocol: protocolsOf(networks),
    categories: [...dataset.categories],
    part: { images: dataset.length, batch },
    evidence: await identityOf(classifiersOf(models).map(modelOf), networks, dataset),
  };
}
