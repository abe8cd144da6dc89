import {
  boolean,
  callable,
  check,
  checkOptions,
  integer,
  type OptionRules,
  optional,
  type Shard,
  shardRule,
} from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { checkDataset, imageReader } from './checked-dataset.js';
import { descriptionOf } from './describe-evaluation.js';
import { type BatchEvidence, batchEvidence } from './evidence/evidence.js';
import { datasetRule, type LabelledImages } from './labelled-images.js';
import { classProbabilities, imagesPerBatch } from './networks/class-probabilities.js';
import { type Classifier, type Network, openNetworks } from './networks/classifier.js';
import { withEqualGraphs } from './networks/equal-graphs.js';
import { type Protocol, protocolRule } from './protocols/protocol.js';
import { singleCrop } from './protocols/single-crop.js';
import { answerCounter, answerOf, type ImageAnswer } from './report/answers.js';
import type { EvaluationDescription } from './report/evaluation-differences.js';
import { type EvaluationReport, type Mistake, reportOf } from './report/report.js';
import { batchesOf } from './shard.js';

/** The options of `evaluate`. */
export interface EvaluateOptions {
  /** How an image becomes inputs. Default: `singleCrop()`, with the preprocessing in the model's metadata. */
  readonly protocol?: Protocol;
  /**
   * Inputs (crops) in one forward pass. Default: as many as have the pixels of 32 images of 224 x 224, at most 128. Crops of one
   * image go together, and several images where they fit.
   */
  readonly batchSize?: number;
  /**
   * [i, n]: only part i of n, counted from 0; `merge` joins the parts. With `shard` or `answers` the backend `onnx` rounds equally whatever it has computed
   * before, which takes longer.
   */
  readonly shard?: Shard;
  /** Whether the report keeps what the network said of each image, about 150 bytes of JSON, for `verifyReport`. Default false. */
  readonly answers?: boolean;
  /** Told after each batch how many images are done. */
  readonly onEvent?: (event: EvaluateEvent) => void;
}

const evaluateRules: OptionRules<EvaluateOptions> = {
  protocol: optional(protocolRule),
  batchSize: optional(integer(1)),
  shard: optional(shardRule),
  answers: optional(boolean),
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
    answers = false,
    onEvent = () => {},
  } = checkOptions('evaluate', options, evaluateRules);
  const networks = openNetworks(models, protocol);
  try {
    checkDataset(dataset, networks);
    const description = await descriptionOf(models, networks, dataset, imagesPerBatch(networks, batchSize));
    const work = () => run(networks, dataset, description, { batchSize, shard, answers, onEvent });
    return await (answers || shard[1] > 1 ? withEqualGraphs(work) : work());
  } finally {
    for (const network of networks) network.dispose();
  }
}

interface RunOptions extends Pick<Required<EvaluateOptions>, 'shard' | 'answers' | 'onEvent'> {
  readonly batchSize: number | undefined;
}

async function run(
  networks: readonly Network[],
  dataset: LabelledImages,
  description: EvaluationDescription,
  { batchSize, shard, answers: keep, onEvent }: RunOptions,
): Promise<EvaluationReport> {
  const { categories, length } = dataset;
  const { batch } = description.part;
  const began = performance.now();
  const batches = batchesOf(length, batch, shard);
  const total = batches.reduce((sum, [start, end]) => sum + end - start, 0);
  const counter = answerCounter(categories.length, Math.min(5, categories.length));
  const evidence: BatchEvidence[] = [];
  const kept: ImageAnswer[] = [];
  for await (const computed of classProbabilities(networks, batches, imageReader(dataset), batchSize)) {
    const answers = computed.map(answerOf);
    counter.add(answers);
    evidence.push(await batchEvidence(Math.floor((answers[0]?.index ?? 0) / batch), answers));
    if (keep) kept.push(...answers);
    const { tally } = counter.counts();
    onEvent({ type: 'progress', done: tally.count, total, top1: tally.top1 / tally.count });
    // Lets signals and timers in.
    await tf.nextFrame();
  }
  const { confusion, mistakes, tally } = counter.counts();
  return reportOf({
    ...description,
    confusion,
    mistakes: mistakes.map((mistake) => ({ ...mistake, ...fileOf(dataset, mistake.index) })),
    part: { ...description.part, shards: [[shard[0], shard[1]]] },
    tally: { ...tally, milliseconds: performance.now() - began },
    evidence: { ...description.evidence, batches: evidence },
    answers: keep ? kept : null,
  });
}

/** The file of an image, where it is one. */
function fileOf(dataset: LabelledImages, index: number): Pick<Mistake, 'file'> {
  const reference = dataset.reference?.(index);
  return reference?.kind === 'file' ? { file: reference.name } : {};
}
