import type * as tf from '@tensorflow/tfjs-core';

/** Labels of n images: int32 [n] with the index of each one's class, or float32 [n, classes] with a distribution over them. */
export type Labels = tf.Tensor1D | tf.Tensor2D;

/** A shape as error messages show it. */
export function describeTensor({ dtype, shape }: tf.Tensor): string {
  return `${dtype} [${shape.join(', ')}]`;
}

/**
 * The count of images and of classes.
 * @throws TypeError or RangeError naming the argument where labels and logits do not belong together
 */
export function checkLabels(labels: Labels, logits: tf.Tensor2D): { count: number; classes: number } {
  if (logits.shape.length !== 2 || logits.dtype !== 'float32')
    throw new TypeError(`logits must be float32 [count, classes], got ${describeTensor(logits)}`);
  const [count, classes] = logits.shape;
  if (count === 0 || classes === 0)
    throw new RangeError(`logits must have at least one row and one class, got ${describeTensor(logits)}`);
  const hard = labels.shape.length === 1 && labels.dtype === 'int32' && labels.shape[0] === count;
  const soft =
    labels.shape.length === 2 && labels.dtype === 'float32' && labels.shape[0] === count && labels.shape[1] === classes;
  if (!hard && !soft)
    throw new TypeError(
      `labels must be int32 [${count}] or float32 [${count}, ${classes}] for these logits, got ${describeTensor(labels)}`,
    );
  return { count, classes };
}

/** Whether labels are indices of classes, not distributions. */
export function areIndices(labels: Labels): labels is tf.Tensor1D {
  return labels.shape.length === 1;
}
