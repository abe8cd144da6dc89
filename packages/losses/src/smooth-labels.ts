import { check, integer, number } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { areIndices, type Labels, labelsRule } from './classes.js';

/**
 * Label smoothing: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016), section 7.
 *
 *   q'(k) = (1 - epsilon) q(k) + epsilon / K
 *
 * [1, 0, 0, 0] becomes [0.8125, 0.0625, 0.0625, 0.0625] with epsilon 0.25: the sum stays 1.
 *
 * @param labels int32 [count], indices of classes, or float32 [count, classes], distributions
 * @param numClasses K
 * @param epsilon how much of each label is spread evenly over all classes, from 0 to 1
 * @returns float32 [count, numClasses]
 * @throws RangeError or TypeError naming the argument that is wrong
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { smoothLabels } from '@cnnzoo/losses';
 *
 * smoothLabels(tf.tensor1d([0], 'int32'), 4, 0.25).print(); // [[0.8125, 0.0625, 0.0625, 0.0625]]
 */
export function smoothLabels(labels: Labels, numClasses: number, epsilon: number): tf.Tensor2D {
  check('numClasses', numClasses, integer(1));
  check('epsilon', epsilon, number(0, 1));
  check(
    'labels',
    labels,
    labelsRule('count', numClasses, () => true),
  );
  return smoothed(labels, numClasses, epsilon);
}

/** `smoothLabels` without its checks. */
export function smoothed(labels: Labels, classes: number, epsilon: number): tf.Tensor2D {
  const share = epsilon / classes;
  if (areIndices(labels)) return tf.oneHot(labels, classes, 1 - epsilon + share, share, 'float32') as tf.Tensor2D;
  if (epsilon === 0) return labels;
  return tf.tidy(() => tf.add(tf.mul(labels, 1 - epsilon), share));
}
