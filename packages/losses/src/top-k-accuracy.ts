import { check, integer } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { areIndices, checkLabels, type Labels } from './classes.js';

/**
 * The share of images whose class is among the k with the largest logits. Of equal logits the first counts as the largest, so a
 * network that says the same for every class is right by chance only; where the class's logit is NaN it is wrong.
 *
 * @param labels int32 [count], or float32 [count, classes], whose largest entry is then the class
 * @param logits float32 [count, classes]; probabilities do as well
 * @param k from 1 to the number of classes. Default 1.
 * @returns a scalar from 0 to 1
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { topKAccuracy } from '@cnnzoo/losses';
 *
 * const logits = tf.tensor2d([[3, 2, 1], [3, 2, 1]]);
 * topKAccuracy(tf.tensor1d([0, 1], 'int32'), logits).print(); // 0.5
 * topKAccuracy(tf.tensor1d([0, 1], 'int32'), logits, 2).print(); // 1
 */
export function topKAccuracy(labels: Labels, logits: tf.Tensor2D, k = 1): tf.Scalar {
  const { classes } = checkLabels(labels, logits);
  check('k', k, integer(1, classes));
  return tf.tidy(() => {
    const label: tf.Tensor1D = areIndices(labels) ? labels : tf.argMax(labels, 1);
    const index = tf.range(0, classes, 1, 'int32');
    const column = tf.expandDims(label, 1);
    const own = tf.sum(tf.where(tf.equal(index, column), logits, tf.zerosLike(logits)), 1, true);
    // Beaten: smaller, or equal and later. All comparisons with NaN are false: it beats nobody.
    const later = tf.greater(index, column);
    const beaten = tf.logicalOr(tf.less(logits, own), tf.logicalAnd(tf.equal(logits, own), later));
    const countBeaten = tf.sum(tf.cast(beaten, 'float32'), 1);
    return tf.mean(tf.cast(tf.greaterEqual(countBeaten, classes - k), 'float32')) as tf.Scalar;
  });
}
