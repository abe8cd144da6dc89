import { callable, check, checkOptions, integer, type OptionRules, optional, rule } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { datasetRule, type LabelledImage, type LabelledImages } from './labelled-images.js';
import { classProbabilities, type IndexRange, imagesPerBatch } from './networks/class-probabilities.js';
import { type Classifier, type Network, openNetworks } from './networks/classifier.js';
import { type Protocol, protocolRule } from './protocols/protocol.js';
import { singleCrop } from './protocols/single-crop.js';
import { likeliest, rank } from './report/ranking.js';
import { type EvaluationReport, type Mistake, reportOf, worstMistakes } from './report/report.js';
import { addTallies, emptyTally, tallyOf } from './report/tally.js';

/** The options of `evaluate`. */
export interface EvaluateOptions {
  /** How an image becomes inputs. Default: `singleCrop()`, with the preprocessing in the model's metadata. */
  readonly protocol?: Protocol;
  /**
   * Inputs (crops) in one forward pass. Default: as many as have the pixels of 32 images of 224 x 224, at most 128. Crops of one
   * image go together, and several images where they fit.
   */
  readonly batchSize?: number;
  /** [i, n]: only part i of n, counted from 0; `merge` joins the parts. */
  readonly shard?: readonly [index: number, count: number];
  /** Told after each batch how many images are done. */
  readonly onEvent?: (event: EvaluateEvent) => void;
}

const evaluateRules: OptionRules<EvaluateOptions> = {
  protocol: optional(protocolRule),
  batchSize: optional(integer(1)),
  shard: optional(
    rule<readonly [index: number, count: number]>(
      '[i, n] with integers 0 <= i < n',
      (value) => Array.isArray(value) && value.length === 2,
      ([index, count]) => Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count,
    ),
  ),
  onEvent: optional(callable<(event: EvaluateEvent) => void>('a function of the event')),
};

/** How far an evaluation is. */
export interface EvaluateEvent {
  readonly type: 'progress';
  readonly done: number;
  /** Images of the shard. */
  readonly total: number;
  /** Of the images done. */
  readonly top1: number;
}

/**
 * Tests a model on a data set the way the papers do. Memory does not grow with the size of the data set: images are read as they are
 * needed, the next ones while the network computes.
 *
 * @param models a layers model whose first output are logits or probabilities [batch, classes], or several, whose probabilities are
 *   averaged, each with its own preprocessing (and protocol, with `{ model, preprocessing, protocol }`)
 * @param dataset labelled images
 * @param options `protocol`: how an image becomes inputs
 * @returns accuracy, per class and as a whole, loss, calibration, who was taken for whom, the worst mistakes and the time
 * @throws RangeError or TypeError before any work where the data set is empty, labels or numbers of classes do not fit, or a scale is
 *   below the network's crop or smallest input; while working, naming the image, where that can be known only then
 * @example
 * import { evaluate, tenCrop } from '@cnnzoo/evaluate';
 *
 * const { top1, count } = await evaluate(model, testSet, { protocol: tenCrop() });
 * console.log(`${(100 * top1).toFixed(2)} % of ${count}`);
 */
export async function evaluate(
  models: Classifier | readonly Classifier[],
  dataset: LabelledImages,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  check('dataset', dataset, datasetRule);
  const {
    protocol = singleCrop(),
    batchSize,
    shard = [0, 1],
    onEvent = () => {},
  } = checkOptions('evaluate', options, evaluateRules);
  if (!Number.isSafeInteger(dataset.length) || dataset.length < 1)
    throw new RangeError(`dataset must have at least one image, got ${dataset.length}`);
  const networks = openNetworks(models, protocol);
  try {
    checkDataset(dataset, networks);
    return await run(networks, dataset, { batchSize, shard, onEvent });
  } finally {
    for (const network of networks) network.dispose();
  }
}

async function run(
  networks: readonly Network[],
  dataset: LabelledImages,
  {
    batchSize,
    shard,
    onEvent,
  }: Pick<Required<EvaluateOptions>, 'shard' | 'onEvent'> & { batchSize: number | undefined },
): Promise<EvaluationReport> {
  const { categories, length } = dataset;
  const began = performance.now();
  const batch = imagesPerBatch(networks, batchSize);
  const batches = batchesOf(length, batch, shard);
  const total = batches.reduce((sum, [start, end]) => sum + end - start, 0);
  const confusion = categories.map(() => new Array<number>(categories.length).fill(0));
  let tally = emptyTally;
  let mistakes: Mistake[] = [];
  const read = async (index: number) => {
    const sample: Partial<LabelledImage> | undefined = await dataset.get(index);
    const { image, label = Number.NaN } = sample ?? {};
    const name = `image ${index}`;
    if (typeof image?.data !== 'object')
      throw new TypeError(`${name}: the data set gives no { image: { data, width, height, channels }, label }`);
    checkLabel(name, label, categories.length);
    return { image, name, known: label };
  };
  for await (const answers of classProbabilities(networks, batches, read, batchSize)) {
    const judged = answers.map(({ probabilities, known: label, index }) => ({
      probabilities,
      label,
      index,
      place: rank(probabilities, label),
    }));
    tally = addTallies(tally, tallyOf(judged, Math.min(5, categories.length)));
    for (const { probabilities, label, index } of judged) {
      const guess = likeliest(probabilities);
      const confused = confusion[label] ?? [];
      confused[guess] = (confused[guess] ?? 0) + 1;
      const [probability = 0, labelProbability = 0] = [probabilities[guess], probabilities[label]];
      // A mean of probabilities may be above 1 by its rounding.
      const most = Math.min(1, probability);
      if (guess !== label && most > 0) mistakes.push({ index, label, guess, probability: most, labelProbability });
    }
    mistakes = worstMistakes(mistakes);
    onEvent({ type: 'progress', done: tally.count, total, top1: tally.top1 / tally.count });
    // Lets signals and timers in.
    await tf.nextFrame();
  }
  return reportOf({
    models: networks.map(({ name }) => name),
    protocol: [...new Set(networks.map(({ protocol }) => protocol.name))].join(', '),
    categories: [...categories],
    confusion,
    mistakes: mistakes.map((mistake) => ({ ...mistake, ...fileOf(dataset, mistake.index) })),
    part: { images: length, batch, shards: [[shard[0], shard[1]]] },
    tally: { ...tally, milliseconds: performance.now() - began },
  });
}

/** The file of an image, where it is one. */
function fileOf(dataset: LabelledImages, index: number): Pick<Mistake, 'file'> {
  const reference = dataset.reference?.(index);
  return reference?.kind === 'file' ? { file: reference.name } : {};
}

/** The batches of a shard: every n-th one, so that batches are the same with and without shards. */
function batchesOf(length: number, batch: number, [index, count]: readonly [number, number]): IndexRange[] {
  const batches: IndexRange[] = [];
  for (let start = index * batch; start < length; start += count * batch)
    batches.push([start, Math.min(start + batch, length)]);
  return batches;
}

/** @throws RangeError where the data set's classes are not the networks' */
function checkDataset({ categories, labels }: LabelledImages, networks: readonly Network[]): void {
  for (const network of networks) {
    const { classes, name, categories: own } = network;
    if (categories.length !== classes)
      throw new RangeError(
        `dataset has ${categories.length} categories, expected ${classes}, the classes of model '${name}'. For other classes, build the network with numClasses: ${categories.length} and train it`,
      );
    const reordered = own?.every((category) => categories.includes(category)) ? own : categories;
    const other = reordered.findIndex((category, label) => category !== categories[label]);
    if (other >= 0)
      throw new RangeError(
        `dataset has the classes of model '${name}' in another order: ${other} is '${categories[other]}', the model's is '${own?.[other]}'`,
      );
  }
  if (labels === undefined) return;
  for (let index = 0; index < labels.length; index++)
    checkLabel(`image ${index}`, labels[index] ?? Number.NaN, categories.length);
}

function checkLabel(name: string, label: number, classes: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw new RangeError(`${name}: label ${label}, expected 0 to ${classes - 1}`);
}
