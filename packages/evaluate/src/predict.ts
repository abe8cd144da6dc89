import type { Image } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classCount, classProbabilities } from './class-probabilities.js';
import type { Protocol } from './protocol.js';
import { largest } from './ranking.js';

export interface PredictOptions {
  readonly protocol: Protocol;
  /** Names of the classes. Default: their indices. */
  readonly categories?: readonly string[];
  /** How many classes to give. Default 5, or all where there are fewer. */
  readonly topK?: number;
}

/** A class, and how sure the model is of it. */
export interface Prediction {
  readonly index: number;
  readonly category: string;
  readonly probability: number;
}

/**
 * What a model sees in pictures.
 * @returns for each picture the classes with the largest probabilities, the largest first
 * @throws RangeError naming the option that is wrong, or the picture that does not fit the model
 * @example
 * import { predict, singleCrop } from '@cnnzoo/evaluate';
 *
 * const [guesses] = await predict(model, [image], { protocol: singleCrop({ transform }) });
 * console.log(guesses?.[0]?.category);
 */
export async function predict(
  model: LayersModel,
  images: readonly Image[],
  { protocol, categories, topK }: PredictOptions,
): Promise<Prediction[][]> {
  const classes = classCount(model);
  if (categories !== undefined && categories.length !== classes)
    throw new RangeError(
      `categories must be ${classes}, the classes of model '${model.name}', got ${categories.length}`,
    );
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1 && topK <= classes))
    throw new RangeError(`topK must be a whole number from 1 to ${classes}, got ${topK}`);
  const pictures = images.map((image, i) => ({ image, name: `images[${i}]` }));
  const rows = await classProbabilities(model, pictures, protocol);
  return rows.map((probabilities) =>
    largest(probabilities, topK ?? Math.min(5, classes)).map((index) => ({
      index,
      category: categories?.[index] ?? String(index),
      probability: probabilities[index] ?? 0,
    })),
  );
}
