/** Images whose classes are known, on which accuracy is measured. */
import { callable, either, faultOf, type Rule, rule } from '@cnnzoo/checks';
import type { ImageBatch } from '../calibrate/image-batches.js';

/** Images, and the class of each: its index among the network's scores. */
export interface LabelledBatch {
  readonly images: ImageBatch;
  readonly labels: ArrayLike<number>;
}

/** Batches of images with their classes: an array, or a function that gives them from the start, as often as they are wanted. */
export type LabelledImages = readonly LabelledBatch[] | (() => Iterable<LabelledBatch> | AsyncIterable<LabelledBatch>);

export const labelledImagesRule: Rule<LabelledImages> = either(
  rule<readonly LabelledBatch[]>(
    'an array of { images, labels }',
    (value) => Array.isArray(value),
    ({ length }) => length > 0,
  ),
  callable<() => Iterable<LabelledBatch> | AsyncIterable<LabelledBatch>>(
    'a function that returns batches of { images, labels }',
  ),
);

export function batchesOf(images: LabelledImages): Iterable<LabelledBatch> | AsyncIterable<LabelledBatch> {
  return typeof images === 'function' ? images() : images;
}

/** @throws TypeError where it has no images and labels */
export function checkBatch(batch: LabelledBatch, name: string): LabelledBatch {
  const given: Partial<LabelledBatch> | null = typeof batch === 'object' ? batch : null;
  if (given?.images === undefined || typeof given.labels !== 'object' || given.labels === null)
    throw faultOf(TypeError, name, '{ images, labels }', batch);
  return batch;
}

/** @throws RangeError where there is not one class of the network for each image */
export function checkLabels(labels: ArrayLike<number>, name: string, count: number, classes: number): void {
  if (labels.length !== count)
    throw new RangeError(`${name} has ${count} images and ${labels.length} labels, expected one each`);
  for (let i = 0; i < count; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || label === undefined || label < 0 || label >= classes)
      throw faultOf(RangeError, `${name}.labels[${i}]`, `a class, 0 to ${classes - 1}`, label);
  }
}
