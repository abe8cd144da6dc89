/** A data set that a network is tested on: what it gives is checked as it comes. */
import { imageHash } from './evidence/evidence.js';
import type { LabelledImage, LabelledImages } from './labelled-images.js';
import type { NamedImage } from './networks/class-probabilities.js';
import type { Network } from './networks/classifier.js';
import type { KnownImage } from './report/answers.js';

/** @throws RangeError where the data set is empty, or its classes are not the networks' */
export function checkDataset({ categories, labels, length }: LabelledImages, networks: readonly Network[]): void {
  if (!Number.isSafeInteger(length) || length < 1)
    throw new RangeError(`dataset must have at least one image, got ${length}`);
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

/** Reads labelled images by their index. @returns a function that throws TypeError or RangeError naming the image that is none */
export function imageReader(dataset: LabelledImages): (index: number) => Promise<NamedImage<KnownImage>> {
  return async (index) => {
    const sample: Partial<LabelledImage> | undefined = await dataset.get(index);
    const { image, label = Number.NaN } = sample ?? {};
    const name = `image ${index}`;
    if (typeof image?.data !== 'object')
      throw new TypeError(`${name}: the data set gives no { image: { data, width, height, channels }, label }`);
    checkLabel(name, label, dataset.categories.length);
    return { image, name, known: { label, image: await imageHash(image) } };
  };
}
