import { check, type Rule, type TensorLike, tensor } from '@cnnzoo/checks';
import type * as tf from '@tensorflow/tfjs-core';

/** Labels of n images: int32 [n] with the index of each one's class, or float32 [n, classes] with a distribution over them. */
export type Labels = tf.Tensor1D | tf.Tensor2D;

/**
 * The count of images and of classes.
 * @throws TypeError or RangeError naming the argument where labels and logits do not belong together
 */
export function checkLabels(labels: Labels, logits: tf.Tensor2D): { count: number; classes: number } {
  const matrix = ({ dtype, shape }: TensorLike) => dtype === 'float32' && shape.length === 2 && !shape.includes(0);
  check('logits', logits, tensor('a float32 tensor [count, classes] with at least one of each', matrix));
  const [count, classes] = logits.shape;
  check(
    'labels',
    labels,
    labelsRule(String(count), classes, (length) => length === count),
  );
  return { count, classes };
}

/** The rule for labels. @param count how many there are, for messages */
export function labelsRule(count: string, classes: number, hasCount: (length: number) => boolean): Rule<Labels> {
  return tensor<Labels>(`an int32 tensor [${count}] or a float32 tensor [${count}, ${classes}]`, ({ dtype, shape }) => {
    const [length = 0, width] = shape;
    if (!hasCount(length)) return false;
    return shape.length === 1 ? dtype === 'int32' : shape.length === 2 && dtype === 'float32' && width === classes;
  });
}

/** Whether labels are indices of classes, not distributions. */
export function areIndices(labels: Labels): labels is tf.Tensor1D {
  return labels.shape.length === 1;
}
