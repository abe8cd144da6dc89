import {
  abortSignal,
  check,
  checkOptions,
  integer,
  layersModel,
  type OptionRules,
  optional,
  type Rule,
  rule,
  type Shard,
} from '@cnnzoo/checks';
import {
  type EvaluateEvent,
  type EvaluationReport,
  evaluate,
  type Prediction,
  type Protocol,
  predict,
} from '@cnnzoo/evaluate';
import { runsInNode } from '@cnnzoo/files';
import type { Image } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classifierFacts } from './classifier-facts.js';
import { type ClassifierInput, checkInput, fileOrPixels } from './image-input.js';
import { type LabelledImages, openTestImages } from './labelled-images.js';
import { frozenNetwork, frozenRunner, type PredictorSource, type Runner, tfjsRunner } from './runner.js';
import { runnerPool } from './runner-pool.js';
import { saveModel } from './saved-model.js';
import { type ServableNetwork, servableNetwork } from './servable-network.js';
import { type TrainingFacts, writeTrainingFacts } from './training-facts.js';

/** The options of `ImageClassifier.classify`. */
export interface ClassifyOptions {
  /** How many classes to give. Default 5, or all where there are fewer. */
  readonly topK?: number;
  /** How an image becomes inputs, such as `tenCrop()` of @cnnzoo/evaluate. Default: the middle of it. Another runs in the calling thread. */
  readonly protocol?: Protocol;
  /** Threads that decode, prepare and predict, in Node. Default 1; 0 does it in the calling thread. Kept until another number is asked for. */
  readonly worker?: number;
  /** Images that go through the network together; a protocol has its own. Default: as many as have the pixels of 16 images of 224 x 224, of which more gain no time. */
  readonly batchSize?: number;
  /** Ends the call with its reason: `AbortSignal.timeout(1000)` is a deadline. */
  readonly signal?: AbortSignal;
}

/** The options of `ImageClassifier.evaluate`. */
export interface EvaluateClassifierOptions {
  /** Default: the middle of each image. */
  readonly protocol?: Protocol;
  /** [i, n]: only part i of n, counted from 0. `merge` of @cnnzoo/evaluate joins the parts. */
  readonly shard?: Shard;
  /** Whether the report keeps what the network said of each image, for `verifyReport` of @cnnzoo/evaluate. Default false. */
  readonly answers?: boolean;
  readonly onEvent?: (event: EvaluateEvent) => void;
}

/** A network with all that is needed to classify images. The network, and what it was trained with, are there for whoever wants them. */
export interface ImageClassifier {
  readonly model: LayersModel;
  /** Names of the classes, in the order of the network's outputs. */
  readonly categories: readonly string[];
  /** How it was trained, or null where that is not known, as of published weights. */
  readonly training: TrainingFacts | null;
  /** What a server, such as @cnnzoo/serve, has to know of it. */
  readonly network: ServableNetwork;
  /**
   * Outputs of the network as classes.
   * @param outputs logits or probabilities of one image, as the network gives them
   * @param topK how many classes, at most all
   * @returns the classes with the largest probabilities, the largest first
   */
  predictions(outputs: Float32Array, topK: number): Prediction[];
  /**
   * What the network sees in an image, or in several. It runs frozen, with the weights that it has at the first call; its thread decodes and prepares the
   * images, so that the event loop stays free.
   * @param images an image or an array of them: see `ClassifierInput`
   * @returns the classes with the largest probabilities, the largest first; for an array, such a list for each
   * @throws (rejects) TypeError or RangeError naming the option or image that is wrong; DataError naming the file that cannot be read
   */
  classify(images: readonly ClassifierInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  classify(image: ClassifierInput, options?: ClassifyOptions): Promise<Prediction[]>;
  /**
   * Tests the classifier on images whose classes are known.
   * @param images a folder, archive or list of labels, or a data set with the same classes
   * @returns a report: see `evaluate` of @cnnzoo/evaluate
   */
  evaluate(images: LabelledImages, options?: EvaluateClassifierOptions): Promise<EvaluationReport>;
  /**
   * Writes one folder with the network, its weights, the names of the classes, the preprocessing, how it was trained, and the licence of the weights. `loadClassifier` opens
   * it in another process; `loadLayersModel` of tfjs can read the network in it.
   * @throws RangeError where the folder holds something else; Error where it cannot be written
   */
  save(folder: string): Promise<void>;
  /** Ends its threads and frees the network. */
  dispose(): Promise<void>;
}

export const classifierRule: Rule<ImageClassifier> = rule<ImageClassifier>(
  'a classifier, as loadClassifier gives it',
  (value) => typeof value === 'object' && value !== null && 'model' in value && 'categories' in value,
);

const classifyRules: OptionRules<ClassifyOptions> = {
  topK: optional(integer(1)),
  protocol: optional(
    rule<Protocol>('a protocol, such as tenCrop()', (value) => typeof value === 'object' && value !== null),
  ),
  worker: optional(integer(0)),
  batchSize: optional(integer(1)),
  signal: optional(abortSignal),
};

const outputsRule = (classes: number) =>
  rule<Float32Array>(
    `a Float32Array of ${classes} values`,
    (value) => value instanceof Float32Array,
    ({ length }) => length === classes,
  );

/**
 * A classifier of a network that one has already, such as one's own.
 * @param model whose first output are logits or probabilities [batch, classes]; its metadata have the preprocessing and names of the classes. The classifier owns it:
 *   `dispose` disposes it
 * @throws TypeError or RangeError naming the model where it is no classifier of images, or does not say how images are prepared
 * @example
 * import { createModel, imageClassifier } from 'cnnzoo';
 *
 * const classifier = imageClassifier(createModel('resnet18'));
 */
export function imageClassifier(model: LayersModel): ImageClassifier {
  check('model', model, layersModel<LayersModel>());
  return classifierOf(model, null);
}

/** What a classifier does otherwise whose model is no network of tfjs. */
export interface OtherModel {
  readonly predictor: PredictorSource;
  readonly save: () => never;
}

/**
 * @param training how it was trained, or null where that is not known
 * @param other where the model only stands for something else
 */
export function classifierOf(model: LayersModel, training: TrainingFacts | null, other?: OtherModel): ImageClassifier {
  const facts = classifierFacts(model);
  const predictor = other?.predictor ?? frozenNetwork(model, facts);
  const runners = runnerPool((worker) =>
    runsInNode() ? frozenRunner(facts, predictor, worker) : Promise.resolve(tfjsRunner(model, facts)),
  );
  let disposed = false;
  const checkUsable = () => {
    if (disposed) throw new Error(`the classifier '${model.name}' has been disposed: load it again`);
  };

  async function classifyAll(
    images: readonly ClassifierInput[],
    nameOf: (index: number) => string,
    { topK, protocol, worker = 1, batchSize, signal }: ClassifyOptions,
  ): Promise<Prediction[][]> {
    if (topK !== undefined && topK > facts.classes)
      throw new RangeError(`topK must be at most ${facts.classes}, the number of classes, got ${topK}`);
    const count = topK ?? Math.min(5, facts.classes);
    for (const [index, image] of images.entries()) checkInput(image, nameOf(index));
    if (protocol !== undefined) {
      const pixels = await Promise.all(
        images.map(async (image, index) =>
          decoded(await fileOrPixels(image, facts.channels, nameOf(index)), facts.channels),
        ),
      );
      return predict(model, pixels, { protocol, topK: count, categories: facts.categories });
    }
    return runners.use(worker, (runner) =>
      run(batchSize === undefined ? runner : { ...runner, imagesAtOnce: batchSize }, images, nameOf, count, signal),
    );
  }

  async function run(
    { imagesAtOnce, callsAtOnce, outputs }: Runner,
    images: readonly ClassifierInput[],
    nameOf: (index: number) => string,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<Prediction[][]> {
    const answers: Prediction[][] = Array.from({ length: images.length });
    let next = 0;
    const work = async () => {
      while (next < images.length) {
        const first = next;
        next = Math.min(images.length, first + imagesAtOnce);
        const names = images.slice(first, next).map((_, index) => nameOf(first + index));
        const some = names.map((name, index) =>
          fileOrPixels(images[first + index] as ClassifierInput, facts.channels, name),
        );
        const rows = await outputs(await Promise.all(some), names, signal);
        for (let i = 0; i < some.length; i++)
          answers[first + i] = predictions(rows.subarray(i * facts.classes, (i + 1) * facts.classes), count);
      }
    };
    await Promise.all(Array.from({ length: callsAtOnce }, work));
    return answers;
  }

  const predictions = (row: Float32Array, count: number): Prediction[] => {
    const probabilities = facts.givesProbabilities ? Float64Array.from(row) : softmax(row);
    return largest(probabilities, count).map((index) => ({
      index,
      category: facts.categories[index] ?? String(index),
      probability: probabilities[index] ?? Number.NaN,
    }));
  };

  async function classify(images: readonly ClassifierInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  async function classify(image: ClassifierInput, options?: ClassifyOptions): Promise<Prediction[]>;
  async function classify(
    images: ClassifierInput | readonly ClassifierInput[],
    options: ClassifyOptions = {},
  ): Promise<Prediction[] | Prediction[][]> {
    checkUsable();
    checkOptions<ClassifyOptions>('classify', options, classifyRules);
    if (Array.isArray(images)) return classifyAll(images, (index) => `images[${index}]`, options);
    const [answer] = await classifyAll([images as ClassifierInput], () => 'image', options);
    return answer ?? [];
  }

  return {
    model,
    categories: facts.categories,
    training,
    network: servableNetwork(model, facts, predictor),
    predictions(outputs, topK) {
      check('outputs', outputs, outputsRule(facts.classes));
      check('topK', topK, integer(1, facts.classes));
      return predictions(outputs, topK);
    },
    classify,
    async evaluate(images, options = {}) {
      checkUsable();
      return evaluate(model, await openTestImages(images, facts.categories, facts.channels), options);
    },
    async save(folder) {
      checkUsable();
      other?.save();
      await saveModel(model, folder);
      await writeTrainingFacts(folder, training);
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await runners.close();
      model.dispose();
    },
  };
}

async function decoded(image: Awaited<ReturnType<typeof fileOrPixels>>, channels: 1 | 3 | 4): Promise<Image> {
  if (typeof image === 'object' && 'data' in image) return image;
  const { readImage } = await import('@cnnzoo/data');
  return readImage(image, { channels });
}

/** In float64, so that no class has a probability of exactly 0. */
function softmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The indices of the `count` largest values, the largest first; of equal ones the first. */
function largest(values: Float64Array, count: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
    .slice(0, count);
}
