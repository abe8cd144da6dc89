import { callable, check, checkOptions, listOf, number, optional, type Rule, tensor } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from './classes.js';
import { type CrossEntropyOptions, crossEntropy, weightingRules } from './cross-entropy.js';

const outputsRule: Rule<readonly tf.Tensor2D[]> = /* @__PURE__ */ listOf(
  /* @__PURE__ */ tensor<tf.Tensor2D>('a tensor of logits'),
  1,
);

const scalarRule: Rule<tf.Scalar> = /* @__PURE__ */ tensor<tf.Scalar>(
  'a scalar tensor',
  ({ shape }) => shape.length === 0,
);

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
  options: AuxiliaryCrossEntropyOptions = {},
): tf.Scalar {
  check('outputs', outputs, outputsRule);
  checkOptions<AuxiliaryCrossEntropyOptions>('auxiliaryCrossEntropy', options, {
    ...weightingRules(outputs[0]?.shape[1] ?? 0),
    auxiliaryWeight: optional(number(0)),
  });
  const { auxiliaryWeight = 0.3, ...others } = options;
  return auxiliaryLoss(outputs, (logits) => crossEntropy(labels, logits, others), auxiliaryWeight);
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
  check('outputs', outputs, outputsRule);
  check('loss', loss, callable());
  check('auxiliaryWeight', auxiliaryWeight, number(0));
  const [main, ...heads] = outputs as readonly [tf.Tensor2D, ...tf.Tensor2D[]];
  const lossOf = (head: tf.Tensor2D) => check('what loss gives', loss(head), scalarRule);
  return tf.tidy(() =>
    heads.reduce<tf.Scalar>((sum, head) => tf.add(sum, tf.mul(lossOf(head), auxiliaryWeight)), lossOf(main)),
  );
}
