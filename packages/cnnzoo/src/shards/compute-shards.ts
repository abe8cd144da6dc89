import {
  callable,
  check,
  checkOptions,
  integer,
  listOf,
  type OptionRules,
  optional,
  rule,
  type Shard,
  shardRule,
  string,
} from '@cnnzoo/checks';
import { describeEvaluation, type EvaluateEvent, extractFeatures, type Protocol } from '@cnnzoo/evaluate';
import { nodeModule } from '@cnnzoo/files';
import { classifierRule, type ImageClassifier } from '../classifier/classifier.js';
import { classifierFacts } from '../classifier/classifier-facts.js';
import { type LabelledImages, openTestImages } from '../classifier/labelled-images.js';
import { featureShards, type ImageFeatures } from './feature-shards.js';
import { type ImagePredictions, predictionShards } from './prediction-shards.js';
import { reportShards } from './report-shards.js';
import { type Run, runOf } from './run.js';
import { runShard, type ShardResult } from './shard-file.js';

/** The options of a shard. */
export interface ShardOptions {
  /** The folder of the run: new, empty, or that of the same run. All shards write into it; `mergeShards` reads it. */
  readonly folder: string;
  /** [i, n]: only part i of n, counted from 0. Default: [0, 1], all of it. */
  readonly shard?: Shard;
}

/** The options of `evaluateShard`. */
export interface EvaluateShardOptions extends ShardOptions {
  /** Default: the middle of each image. */
  readonly protocol?: Protocol;
  readonly onEvent?: (event: EvaluateEvent) => void;
}

/** The options of `predictShard`. */
export interface PredictShardOptions extends ShardOptions {
  /** How many classes to give. Default 5, or all where there are fewer. */
  readonly topK?: number;
  /** Threads that decode, prepare and predict. Default 1. */
  readonly worker?: number;
}

const shardRules: OptionRules<ShardOptions> = { folder: string('the path of a folder'), shard: optional(shardRule) };
const evaluateRules: OptionRules<EvaluateShardOptions> = {
  ...shardRules,
  protocol: optional(
    rule<Protocol>('a protocol, such as tenCrop()', (value) => typeof value === 'object' && value !== null),
  ),
  onEvent: optional(callable<(event: EvaluateEvent) => void>('a function of the event')),
};
const predictRules: OptionRules<PredictShardOptions> = {
  ...shardRules,
  topK: optional(integer(1)),
  worker: optional(integer(0)),
};
const imagesRule = listOf(string('the path or address of an image'), 1);

/**
 * Tests a classifier on a part of labelled images, and writes the report of that part, with its answers, into the folder of the run. A part that is there already is
 * not computed again; one that was cut begins again. Runs in Node.
 * @param images a folder, archive or list of labels, or a data set with the same classes
 * @throws RangeError where the folder is that of another run, naming what differs; what `classifier.evaluate` throws
 * @example
 * import { evaluateShard, loadClassifier, mergeShards } from 'cnnzoo';
 *
 * const classifier = await loadClassifier('pets');
 * for (const index of [0, 1]) await evaluateShard(classifier, './pets-test', { folder: 'results', shard: [index, 2] });
 * console.log((await mergeShards('results')).report?.top1);
 */
export async function evaluateShard(
  classifier: ImageClassifier,
  images: LabelledImages,
  options: EvaluateShardOptions,
): Promise<ShardResult> {
  check('classifier', classifier, classifierRule);
  const {
    folder,
    shard = [0, 1],
    ...rest
  } = checkOptions<EvaluateShardOptions>('evaluateShard', options, evaluateRules);
  const { model, categories } = classifier;
  const dataset = await openTestImages(images, categories, classifierFacts(model).channels);
  const { protocol } = rest;
  const description = await describeEvaluation(model, dataset, protocol === undefined ? {} : { protocol });
  return runShard(folder, shard, runOf('evaluate', shard[1], description), reportShards, () =>
    classifier.evaluate(dataset, { ...rest, shard, answers: true }),
  );
}

/** Images that are classified together; shards take such chunks in turn, so that they classify the same together as one process. */
const chunk = 64;

/**
 * Classifies a part of a list of images, and writes what it saw into the folder of the run. A part that is there already is not computed again; one that was cut
 * begins again. Runs in Node.
 * @param images paths or addresses of all images, the same list for all parts
 * @throws RangeError where the folder is that of another run, naming what differs; what `classifier.classify` throws
 * @example
 * import { loadClassifier, mergeShards, predictShard } from 'cnnzoo';
 *
 * const classifier = await loadClassifier('pets');
 * const images = ['cat.jpg', 'dog.jpg'];
 * await predictShard(classifier, images, { folder: 'results', topK: 1 });
 * console.log((await mergeShards('results')).file); // results/predictions.jsonl
 */
export async function predictShard(
  classifier: ImageClassifier,
  images: readonly string[],
  options: PredictShardOptions,
): Promise<ShardResult> {
  check('classifier', classifier, classifierRule);
  check('images', images, imagesRule);
  const {
    folder,
    shard = [0, 1],
    topK,
    worker,
  } = checkOptions<PredictShardOptions>('predictShard', options, predictRules);
  const run = await imageRun('predict', classifier, images, shard, { topK: topK ?? null });
  return runShard(folder, shard, run, predictionShards, async () => {
    const lines: ImagePredictions[] = [];
    for (const some of chunksOf(images, shard)) {
      const answers = await classifier.classify(
        some.map(({ image }) => image),
        { ...(topK !== undefined && { topK }), ...(worker !== undefined && { worker }) },
      );
      lines.push(...some.map((each, i) => ({ ...each, predictions: answers[i] ?? [] })));
    }
    return lines;
  });
}

/**
 * Writes the features of a part of a list of images into the folder of the run: what the network makes of each before its last dense layer (see `extractFeatures`). A
 * part that is there already is not computed again; one that was cut begins again. Runs in Node.
 * @param images paths of all images, the same list for all parts
 * @throws RangeError where the folder is that of another run, or the network has no features; Error naming the image that cannot be read
 * @example
 * import { extractShard, loadClassifier, mergeShards } from 'cnnzoo';
 *
 * const classifier = await loadClassifier('pets');
 * await extractShard(classifier, ['cat.jpg', 'dog.jpg'], { folder: 'features' });
 * console.log((await mergeShards('features')).file); // features/features.safetensors
 */
export async function extractShard(
  classifier: ImageClassifier,
  images: readonly string[],
  options: ShardOptions,
): Promise<ShardResult> {
  check('classifier', classifier, classifierRule);
  check('images', images, imagesRule);
  const { folder, shard = [0, 1] } = checkOptions<ShardOptions>('extractShard', options, shardRules);
  const run = await imageRun('extract', classifier, images, shard, {});
  return runShard(folder, shard, run, featureShards, async (): Promise<ImageFeatures> => {
    const parts: Float32Array[] = [];
    const done: { index: number; image: string }[] = [];
    // Without images it says how many features there are.
    let { shape } = await extractFeatures(classifier.model, []);
    for (const some of chunksOf(images, shard)) {
      const features = await extractFeatures(
        classifier.model,
        some.map(({ image }) => image),
      );
      parts.push(features.values);
      done.push(...some);
      shape = [done.length, features.shape[1]];
    }
    const values = new Float32Array(shape[0] * shape[1]);
    let at = 0;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return { values, shape, images: done };
  });
}

function* chunksOf(images: readonly string[], [index, count]: Shard): Generator<{ index: number; image: string }[]> {
  for (let start = index * chunk; start < images.length; start += count * chunk)
    yield images.slice(start, start + chunk).map((image, i) => ({ index: start + i, image }));
}

/** What a run over a list of images is of. */
async function imageRun(
  task: 'predict' | 'extract',
  { model, categories }: ImageClassifier,
  images: readonly string[],
  shard: Shard,
  more: Readonly<Record<string, unknown>>,
): Promise<Run> {
  const unread = () => {
    throw new Error('unreachable: a description reads no image');
  };
  const description = await describeEvaluation(model, { length: images.length, categories, get: unread });
  const list = nodeModule('node:crypto').createHash('sha256').update(JSON.stringify(images)).digest('hex');
  return runOf(
    task,
    shard[1],
    { ...description, part: { images: images.length, batch: chunk } },
    { 'list of images': list, ...more },
  );
}
