import * as tf from '@tensorflow/tfjs-core';
import { areIndices, checkLabels, type Labels } from './classes.js';

/**
 * The squared hinge loss, one class against the others: Tang, "Deep learning using linear support vector machines" (2013), and the loss of
 * DSN.
 *
 *   y_k = 1 for the image's class, -1 for others; loss = sum_k max(0, 1 - y_k z_k)^2
 *
 * @param labels int32 [count], indices of classes, or float32 [count, classes], distributions, whose y_k is 2 q(k) - 1
 * @param logits float32 [count, classes], the margins
 * @returns a scalar, the mean over the images
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { squaredHinge } from '@cnnzoo/losses';
 *
 * squaredHinge(tf.tensor1d([0, 2], 'int32'), tf.tensor2d([[2, -1, 0], [0, -2, 3]])).print(); // (1 + 2) / 2
 */
export function squaredHinge(labels: Labels, logits: tf.Tensor2D): tf.Scalar {
  const { count, classes } = checkLabels(labels, logits);
  return tf.tidy(() => {
    const shares = areIndices(labels) ? tf.cast(tf.oneHot(labels, classes), 'float32') : labels;
    const signs = tf.sub(tf.mul(shares, 2), 1);
    const gaps = tf.relu(tf.sub(1, tf.mul(signs, logits)));
    return tf.div(tf.sum<tf.Scalar>(tf.mul(gaps, gaps)), count);
  });
}
