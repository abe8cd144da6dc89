/** A batch of images as tensors. */
import * as tf from '@tensorflow/tfjs-core';
import type { PlainBatch } from './collate.js';

/**
 * What a network trains on in one step. Whoever takes a batch from a loader disposes its tensors.
 *
 * `train` of @cnnzoo/train takes any loader whose batches have this shape, and declares it for itself: neither package depends on the other.
 */
export interface ImageBatch {
  /** float32 [count, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** int32 [count], the labels; or float32 [count, classes] after mixup or cutmix. */
  readonly labels: tf.Tensor1D | tf.Tensor2D;
  /**
   * Index of the next batch in the epoch; a run stopped here resumes there. Set by `DataLoader` only. After the last batch it is
   * `batchesPerEpoch`. Batches without a usable image are skipped.
   */
  readonly nextBatch?: number;
}

/** The tensors of a batch. */
export function toTensors({ data, labels, count, height, width, channels }: PlainBatch): ImageBatch {
  return {
    images: tf.tensor4d(data, [count, height, width, channels]),
    labels:
      labels instanceof Int32Array
        ? tf.tensor1d(labels, 'int32')
        : tf.tensor2d(labels, [count, labels.length / count], 'float32'),
  };
}
