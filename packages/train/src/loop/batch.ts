import type * as tf from '@tensorflow/tfjs-core';

/** What a network trains on in one step. Whoever takes a batch from a loader disposes its tensors. */
export interface Batch {
  /** float32 [count, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** int32 [count], indices of classes, or float32 [count, classes], distributions over them, such as mixup makes. */
  readonly labels: tf.Tensor1D | tf.Tensor2D;
  /**
   * The place in the epoch of the batch that comes next, `batchesPerEpoch` at the end. More than one further where the loader leaves
   * batches out, such as those of pictures that cannot be read. Default: one further.
   */
  readonly nextBatch?: number;
}

/** Gives the batches of an epoch, as @cnnzoo/data's DataLoader does. Any object of this shape is one. */
export interface Loader {
  readonly batchesPerEpoch: number;
  /**
   * The batches of one epoch from `fromBatch` on. They must depend on nothing but `index`, so that a run can go on where
   * another stopped.
   */
  epoch(index: number, fromBatch?: number): AsyncIterable<Batch>;
}
