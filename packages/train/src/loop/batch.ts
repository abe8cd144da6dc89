import { type Rule, rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import type * as tf from '@tensorflow/tfjs-core';

/** What a network trains on in one step. Whoever takes a batch from a loader disposes its tensors. */
export interface Batch {
  /** float32 [count, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** int32 [count], indices of classes, or float32 [count, classes], distributions over them, such as mixup makes. */
  readonly labels: tf.Tensor1D | tf.Tensor2D;
  /**
   * The place in the epoch of the batch that comes next, `batchesPerEpoch` at the end. More than one further where the loader leaves
   * batches out, such as those of images that cannot be read. Default: one further.
   */
  readonly nextBatch?: number;
}

/** Gives the batches of an epoch, as @cnnzoo/data's DataLoader does. Any object of this shape is one. */
export interface Loader {
  readonly batchesPerEpoch: number;
  /** What decides the order and random transforms, where anything does. A run is resumed with the same only. */
  readonly seed?: number;
  /**
   * The batches of one epoch from `fromBatch` on. They must depend on nothing but `index`, so that a run can be resumed where
   * another stopped.
   */
  epoch(index: number, fromBatch?: number): AsyncIterable<Batch>;
  /** What tells the images of an epoch apart, such as their paths. `train` warns of validation images that are trained on. */
  imageKeys?(): Iterable<string>;
}

export const loaderRule: Rule<Loader> = rule<Loader>(
  'a loader: an object with batchesPerEpoch, an integer of at least 1, and epoch(index, fromBatch)',
  (value) => isRecord(value) && typeof value['batchesPerEpoch'] === 'number' && typeof value['epoch'] === 'function',
  ({ batchesPerEpoch }) => Number.isSafeInteger(batchesPerEpoch) && batchesPerEpoch >= 1,
);
