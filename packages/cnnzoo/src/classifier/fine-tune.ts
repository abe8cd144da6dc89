import { setModelMetadata } from '@cnnzoo/blocks';
import {
  abortSignal,
  boolean,
  callable,
  checkOptions,
  either,
  integer,
  type OptionRules,
  optional,
  positive,
  rule,
  string,
} from '@cnnzoo/checks';
import type { DataLoader, Dataset } from '@cnnzoo/data';
import { type EvaluationReport, evaluate } from '@cnnzoo/evaluate';
import type { History, LearningRateCurve, StepRecord, TrainEvent } from '@cnnzoo/train';
import { evaluationTransform, type Transform, trainingTransform } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkModelId, createModel } from '../networks/create-model.js';
import { fromPretrained } from '../networks/from-pretrained.js';
import type { ModelId, OptionsOf } from '../networks/models.js';
import { useBackend } from '../use-backend.js';
import { classifierOf, type ImageClassifier } from './classifier.js';
import { type ClassifierFacts, classifierFacts } from './classifier-facts.js';
import { type LabelledImages, openTestImages, openTrainingImages, type TrainingImages } from './labelled-images.js';
import { findStageRate, trainInStages } from './training-stages.js';

/** The options of `fineTune`. */
export interface FineTuneOptions {
  /** What training begins with: a published set (`'DEFAULT'`, `'IMAGENET1K_V2'`), a repository of Hugging Face's hub (`'hf-hub:owner/name'`), a path or an http(s) address; null for random weights. */
  readonly weights: string | null;
  /** Times that each image is trained on, in all. Default 5. */
  readonly epochs?: number;
  /** Of these, those at the beginning in which only the new head learns. Default 1, or 0 without `weights`. */
  readonly frozenEpochs?: number;
  /** Images in a step. Default 32. */
  readonly batchSize?: number;
  /** Of AdamW, for the layers before the head; the head learns at ten times this rate. Both fall to 0 along a cosine in each stage. Default 0.001. */
  readonly learningRate?: number;
  /**
   * What the network is tested on after each epoch: labelled images, or the share of the training images that is set aside for it. Default: the folder's
   * own `val` (or `valid`, `validation`, `test`), or else a share of 0.2.
   */
  readonly validation?: LabelledImages | number;
  /** What is done to the images in training. Default: a random crop and flip, as `trainingTransform` of @cnnzoo/transforms does. */
  readonly transform?: Transform;
  /** Decides the head's first weights, the split, the order and what transforms draw. Default 0. */
  readonly seed?: number;
  /** Threads that read, decode and transform images. Default 1. */
  readonly workers?: number;
  /** A folder for checkpoints, so that a run can be resumed. Default: none. */
  readonly checkpoint?: string;
  /** Resume the run whose checkpoints are in `checkpoint`. Default false. */
  readonly resume?: boolean;
  /** The network's own options, such as `inputShape` or `dropout`. */
  readonly network?: Readonly<Record<string, unknown>>;
  /** Told of each step, epoch and checkpoint: `progressBar()` shows them. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the run after the current step, as SIGINT does. */
  readonly abort?: AbortSignal;
}

/** A classifier, and what made it. */
export interface FineTunedClassifier extends ImageClassifier {
  /** Epoch by epoch. `interrupted` says whether the run came to its end. */
  readonly history: History;
  /** The training images, as they were trained on. */
  readonly loader: DataLoader;
  /** The images for validation, or null where there are none. */
  readonly validation: Dataset | null;
  /** On the images for validation, or null where there are none or the run was interrupted. */
  readonly report: EvaluationReport | null;
}

const rules: OptionRules<FineTuneOptions> = {
  weights: rule<string | null>(
    "a published set such as 'DEFAULT', a path, an address, or null for random weights",
    (value) => value === null || (typeof value === 'string' && value !== ''),
  ),
  epochs: optional(integer(1)),
  frozenEpochs: optional(integer(0)),
  batchSize: optional(integer(1)),
  learningRate: optional(positive),
  validation: optional(
    either(
      rule<number>(
        'a share above 0 and below 1',
        (value) => typeof value === 'number',
        (value) => value > 0 && value < 1,
      ),
      rule<LabelledImages>(
        'labelled images',
        (value) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
      ),
    ),
  ),
  transform: optional(callable<Transform>('a transform')),
  seed: optional(integer(0)),
  workers: optional(integer(0)),
  checkpoint: optional(string('the path of a folder')),
  resume: optional(boolean),
  network: optional(
    rule<Readonly<Record<string, unknown>>>('an object', (value) => typeof value === 'object' && value !== null),
  ),
  onEvent: optional(callable<(event: TrainEvent) => void>('a function of the event')),
  abort: optional(abortSignal),
};

/** The share of the images that is set aside for validation. */
const validationShare = 0.2;

/**
 * Teaches a network new classes: a new head on trained weights learns alone first, then the whole network does. Where tfjs has no backend yet, the fastest that works
 * on this machine is chosen. Runs in Node.
 * @param network its name: see `listModels`
 * @param images what it is trained on: see `LabelledImages`
 * @returns a classifier; the model, loader, history and report behind it are there, too
 * @throws TypeError or RangeError naming the option that is wrong, before any work; DataError naming the folder or file that cannot be used;
 *   TrainingError where the loss is no longer finite
 * @example
 * import { fineTune, progressBar } from 'cnnzoo';
 *
 * const classifier = await fineTune('resnet18', './pets', { weights: 'DEFAULT', epochs: 5, onEvent: progressBar() });
 * if (classifier.history.interrupted === null) await classifier.save('pets');
 */
export async function fineTune(
  network: ModelId,
  images: LabelledImages,
  options: FineTuneOptions,
): Promise<FineTunedClassifier> {
  const given = checkCall(network, options);
  const { weights, seed = 0, batchSize = 32, learningRate = 0.001, epochs = 5, resume = false } = given;
  const frozenEpochs = given.frozenEpochs ?? (weights === null ? 0 : Math.min(1, epochs));
  if (frozenEpochs > epochs)
    throw new RangeError(`frozenEpochs must be at most epochs, which is ${epochs}, got ${frozenEpochs}`);
  if (resume && given.checkpoint === undefined)
    throw new TypeError('resume continues the run in checkpoint, which is missing');

  const { model, training, validation, loader, validationLoader } = await prepare(network, images, given);
  try {
    const history = await trainInStages(model, loader, {
      epochs,
      frozenEpochs,
      learningRate,
      validation: validationLoader,
      checkpoint: given.checkpoint ?? null,
      resume,
      onEvent: given.onEvent ?? (() => {}),
      abort: given.abort ?? null,
    });
    await Promise.all([loader.close(), validationLoader?.close()]);
    const report = validation === null || history.interrupted !== null ? null : await evaluate(model, validation);
    const classifier = classifierOf(model, {
      weights,
      images: { training: training.length, validation: validation?.length ?? 0 },
      epochs,
      frozenEpochs,
      batchSize,
      learningRate,
      seed,
      history: history.epochs,
    });
    return { ...classifier, history, loader, validation, report };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Tries growing learning rates on what `fineTune` with these options would train.
 * @returns losses, a suggestion for `learningRate`, and a chart
 */
export async function findFineTuningRate(
  network: ModelId,
  images: LabelledImages,
  options: FineTuneOptions,
  onStep: (step: StepRecord) => void,
): Promise<LearningRateCurve> {
  const { model, loader } = await prepare(network, images, checkCall(network, options));
  try {
    return await findStageRate(model, loader, onStep);
  } finally {
    await loader.close();
    model.dispose();
  }
}

function checkCall(network: ModelId, options: FineTuneOptions): FineTuneOptions {
  checkModelId(network);
  return checkOptions<FineTuneOptions>('fineTune', options, rules);
}

/** What a network is fine-tuned with. */
interface Prepared extends TrainingImages {
  readonly model: LayersModel;
  readonly loader: DataLoader;
  readonly validationLoader: DataLoader | null;
}

/** The network with its new head, and the images for it. The caller disposes the network. */
async function prepare(network: ModelId, images: LabelledImages, given: FineTuneOptions): Promise<Prepared> {
  const { batchSize = 32, seed = 0, workers = 1 } = given;
  const { DataLoader } = await import('@cnnzoo/data');
  await useBackend();
  let { training, validation } = await openImages(images, given, 3);
  const model = await buildModel(network, training.categories, given);
  try {
    const facts = classifierFacts(model);
    if (facts.channels !== 3) ({ training, validation } = await openImages(images, given, facts.channels));
    const loader = new DataLoader(training, {
      batchSize,
      seed,
      shuffle: true,
      workers,
      transform: given.transform ?? trainingTransform(facts.preprocessing),
    });
    const validationLoader =
      validation === null
        ? null
        : new DataLoader(validation, { batchSize, workers, transform: evaluationTransform(facts.preprocessing) });
    return { model, training, validation, loader, validationLoader };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The images to train on and to validate on, as the options say. */
async function openImages(
  images: LabelledImages,
  { validation, seed = 0 }: FineTuneOptions,
  channels: ClassifierFacts['channels'],
): Promise<TrainingImages> {
  const { split } = await import('@cnnzoo/data');
  const opened = await openTrainingImages(images, channels);
  const { categories } = opened.training;
  if (categories.length < 2)
    throw new RangeError(`images must have at least 2 classes, got ${categories.length}: ${categories.join(', ')}`);
  if (validation !== undefined && typeof validation !== 'number') {
    return { training: opened.training, validation: await openTestImages(validation, categories, channels) };
  }
  if (validation === undefined && opened.validation !== null) return opened;
  const share = validation ?? validationShare;
  const parts = await split(opened.training, { training: 1 - share, validation: share }, { seed });
  return { training: parts.training, validation: parts.validation.length === 0 ? null : parts.validation };
}

async function buildModel(
  id: ModelId,
  categories: readonly string[],
  { weights, seed = 0, network }: FineTuneOptions,
): Promise<LayersModel> {
  const own = { ...network, numClasses: categories.length, seed } as unknown as OptionsOf<ModelId>;
  const model = weights === null ? createModel(id, own) : await fromPretrained(id, { ...own, weights });
  try {
    setModelMetadata(model, { categories: [...categories] });
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
