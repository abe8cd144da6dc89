import { checkOptions, integer, listOf, type OptionRules, optional, string } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';
import { classProbabilities, type IndexRange, imagesPerBatch } from './networks/class-probabilities.js';
import { type Classifier, openNetworks } from './networks/classifier.js';
import { type Protocol, protocolRule } from './protocols/protocol.js';
import { singleCrop } from './protocols/single-crop.js';
import { readImageInput } from './read-image-input.js';
import { largest } from './report/ranking.js';

/** The options of `predict`. */
export interface PredictOptions {
  /** How an image becomes inputs. Default: `singleCrop()`, with the preprocessing in the model's metadata. */
  readonly protocol?: Protocol;
  /** Names of the classes. Default: those in the model's metadata, or their indices. */
  readonly categories?: readonly string[];
  /** How many classes to give. Default 5, or all where there are fewer. */
  readonly topK?: number;
}

const predictRules: OptionRules<PredictOptions> = {
  protocol: optional(protocolRule),
  categories: optional(listOf(string('the name of a class'))),
  topK: optional(integer(1)),
};

/** A class, and how sure the model is of it. */
export interface Prediction {
  readonly index: number;
  readonly category: string;
  readonly probability: number;
}

/** An image: its pixels, or the path of a JPEG, PNG or WebP file, for which @cnnzoo/data has to be installed. */
export type ImageInput = Image | string;

/**
 * What a model sees in an image, or in several.
 * @param models a layers model whose first output are logits or probabilities [batch, classes], or several, whose probabilities are
 *   averaged, each with its own preprocessing
 * @param images an image or an array of them: pixels or paths
 * @returns the classes with the largest probabilities, the largest first; for an array, such a list for each
 * @throws RangeError or TypeError naming the option that is wrong, or the image that does not fit the model; Error where a file cannot
 *   be read
 * @example
 * import { predict } from '@cnnzoo/evaluate';
 * import { fromPretrained } from 'cnnzoo';
 *
 * const model = await fromPretrained('resnet50', { weights: 'IMAGENET1K_V2' });
 * for (const { category, probability } of await predict(model, 'cat.jpg')) console.log(category, probability.toFixed(3));
 */
export function predict(
  models: Classifier | readonly Classifier[],
  images: ImageInput,
  options?: PredictOptions,
): Promise<Prediction[]>;
export function predict(
  models: Classifier | readonly Classifier[],
  images: readonly ImageInput[],
  options?: PredictOptions,
): Promise<Prediction[][]>;
export async function predict(
  models: Classifier | readonly Classifier[],
  images: ImageInput | readonly ImageInput[],
  options: PredictOptions = {},
): Promise<Prediction[] | Prediction[][]> {
  const { protocol = singleCrop(), categories, topK } = checkOptions('predict', options, predictRules);
  const networks = openNetworks(models, protocol);
  try {
    const [{ classes, name, format } = noNetwork()] = networks;
    if (categories !== undefined && categories.length !== classes)
      throw new RangeError(`categories must be ${classes}, the classes of model '${name}', got ${categories.length}`);
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1 && topK <= classes))
      throw new RangeError(`topK must be an integer from 1 to ${classes}, got ${topK}`);
    const names = categories ?? networks.find((network) => network.categories !== null)?.categories;
    const describe = (probabilities: Float64Array): Prediction[] =>
      largest(probabilities, topK ?? Math.min(5, classes)).map((index) => ({
        index,
        category: names?.[index] ?? String(index),
        probability: probabilities[index] ?? 0,
      }));

    const single = !Array.isArray(images);
    const inputs = (single ? [images] : images) as readonly ImageInput[];
    const batch = imagesPerBatch(networks, undefined);
    const batches: IndexRange[] = [];
    for (let start = 0; start < inputs.length; start += batch)
      batches.push([start, Math.min(start + batch, inputs.length)]);
    const read = async (index: number) => {
      const input = inputs[index] as ImageInput;
      const name = typeof input === 'string' ? input : single ? 'image' : `images[${index}]`;
      return { image: await readImageInput(input, format.channels), name, known: undefined };
    };
    const predictions: Prediction[][] = [];
    for await (const answers of classProbabilities(networks, batches, read, undefined))
      predictions.push(...answers.map(({ probabilities }) => describe(probabilities)));
    return single ? (predictions[0] ?? []) : predictions;
  } finally {
    for (const network of networks) network.dispose();
  }
}

function noNetwork(): never {
  throw new RangeError('models must be at least one, got none');
}
