import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from './classes.js';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';

/** The options of `auxiliaryCrossEntropy`. */
export interface AuxiliaryCrossEntropyOptions extends Omit<CrossEntropyOptions, 'reduction'> {
  /** How much each auxiliary head's loss counts. Default 0.3, GoogLeNet's. */
  readonly auxiliaryWeight?: number;
}

/**
 * The loss of a network with auxiliary heads: Szegedy et al., "Going deeper with convolutions" (2015), section 5.
 *
 *   loss = crossEntropy(main) + auxiliaryWeight * sum over the heads of crossEntropy(head)
 *
 * @param labels int32 [count] or float32 [count, classes]
 * @param outputs logits float32 [count, classes], the main head's first
 * @returns a scalar, the mean over the images
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { auxiliaryCrossEntropy } from '@cnnzoo/losses';
 *
 * const [main, head] = [tf.tensor2d([[2, 1]]), tf.tensor2d([[0, 1]])];
 * auxiliaryCrossEntropy(tf.tensor1d([0], 'int32'), [main, head], { auxiliaryWeight: 0.3 }).print();
 */
export function auxiliaryCrossEntropy(
  labels: Labels,
  outputs: readonly tf.Tensor2D[],
  { auxiliaryWeight = 0.3, ...options }: AuxiliaryCrossEntropyOptions = {},
): tf.Scalar {
  return auxiliaryLoss(outputs, (logits) => crossEntropy(labels, logits, options), auxiliaryWeight);
}

/**
 * The loss of a network with auxiliary heads by a loss of your own:
 *
 *   loss(main) + auxiliaryWeight * sum over the heads of loss(head)
 *
 * @param outputs logits float32 [count, classes], the main head's first
 * @param loss of one head, a scalar
 * @param auxiliaryWeight how much the loss of each auxiliary head counts
 * @returns a scalar
 * @throws RangeError where `outputs` is empty or the weight is negative or not finite
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { auxiliaryLoss } from '@cnnzoo/losses';
 *
 * const [main, head] = [tf.tensor2d([[2, 1]]), tf.tensor2d([[0, 1]])];
 * auxiliaryLoss([main, head], (logits) => tf.mean(tf.square(logits)), 0.3).print();
 */
export function auxiliaryLoss(
  outputs: readonly tf.Tensor2D[],
  loss: (logits: tf.Tensor2D) => tf.Scalar,
  auxiliaryWeight: number,
): tf.Scalar {
  if (!(auxiliaryWeight >= 0 && auxiliaryWeight < Infinity))
    throw new RangeError(`auxiliaryWeight must be at least 0 and finite, got ${auxiliaryWeight}`);
  const [main, ...heads] = outputs;
  if (main === undefined) throw new RangeError('outputs must have the main logits, got an empty array');
  return tf.tidy(() =>
    heads.reduce<tf.Scalar>((sum, head) => tf.add(sum, tf.mul(loss(head), auxiliaryWeight)), loss(main)),
  );
}
