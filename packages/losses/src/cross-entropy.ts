import * as tf from '@tensorflow/tfjs-core';
import { areIndices, checkLabels, type Labels } from './classes.js';
import { checkEpsilon, smoothed } from './smooth-labels.js';

/** 'mean' over the images, their 'sum', or 'none': one loss for each. */
export type Reduction = 'mean' | 'sum' | 'none';

/** The options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** How much of each label is spread evenly over all classes (see `smoothLabels`). Default 0. */
  readonly labelSmoothing?: number;
  /** How much each class counts, such as more for rare ones. With 'mean', the mean is weighted, too. Default: all 1. */
  readonly classWeights?: readonly number[];
  /** Default 'mean'. */
  readonly reduction?: Reduction;
}

/**
 * Cross-entropy between labels and the softmax of logits, equal to PyTorch's `nn.CrossEntropyLoss`.
 *
 *   p = softmax(z), loss = -sum_k w_k q'(k) log p_k, d loss / d z_k = p_k sum_j w_j q'(j) - w_k q'(k)
 *
 * The logits are what the network's last layer gives, without a softmax: one in the network and one here would be a double
 * softmax. The gradient with respect to the logits is in closed form; none flows into the labels.
 * A logit may be -Infinity, which masks its class: the loss is that over the other classes, and Infinity where the masked class is a
 * label or gets a part of one by smoothing.
 * With indices as labels, 'mean' divides by the weights of the images' classes, with distributions by their count, as PyTorch.
 *
 * @param labels int32 [count], indices of classes from 0 to classes - 1, or float32 [count, classes], distributions over
 *   the classes, such as mixup makes. An index out of range is not seen here: it counts as no class
 * @param logits float32 [count, classes]
 * @returns a scalar, or float32 [count] with reduction 'none'
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crossEntropy } from '@cnnzoo/losses';
 *
 * const logits = tf.tensor2d([[2, 1, 0], [0, 0, 3]]);
 * crossEntropy(tf.tensor1d([0, 2], 'int32'), logits, { labelSmoothing: 0.1 }).print();
 */
export function crossEntropy(
  labels: Labels,
  logits: tf.Tensor2D,
  options: CrossEntropyOptions & { readonly reduction: 'none' },
): tf.Tensor1D;
export function crossEntropy(
  labels: Labels,
  logits: tf.Tensor2D,
  options?: CrossEntropyOptions & { readonly reduction?: 'mean' | 'sum' },
): tf.Scalar;
export function crossEntropy(
  labels: Labels,
  logits: tf.Tensor2D,
  { labelSmoothing = 0, classWeights, reduction = 'mean' }: CrossEntropyOptions = {},
): tf.Scalar | tf.Tensor1D {
  const { count, classes } = checkLabels(labels, logits);
  checkEpsilon('labelSmoothing', labelSmoothing);
  if (classWeights !== undefined) checkClassWeights(classWeights, classes);
  if (!['mean', 'sum', 'none'].includes(reduction))
    throw new RangeError(`reduction must be 'mean', 'sum' or 'none', got '${reduction}'`);
  return tf.tidy(() => {
    const spread = smoothed(labels, classes, labelSmoothing);
    const weights = classWeights === undefined ? null : tf.tensor1d([...classWeights]);
    const targets: tf.Tensor2D = weights === null ? spread : tf.mul(spread, weights);
    const losses = softmaxCrossEntropy(targets, logits);
    if (reduction === 'none') return losses;
    const sum: tf.Scalar = tf.sum(losses);
    if (reduction === 'sum') return sum;
    if (weights === null || !areIndices(labels)) return tf.div(sum, count);
    return tf.div(sum, tf.sum(tf.mul(smoothed(labels, classes, 0), weights)));
  });
}

function checkClassWeights(weights: readonly number[], classes: number): void {
  if (weights.length !== classes)
    throw new RangeError(`classWeights must have one weight for each of ${classes} classes, got ${weights.length}`);
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong >= 0) throw new RangeError(`classWeights[${wrong}] must be at least 0 and finite, got ${weights[wrong]}`);
}

/**
 * -sum_k targets_k log softmax(logits)_k of each row. By hand because tfjs's own takes four gradients, one after another, and
 * in terms of z - max(z), so that large logits do not overflow.
 * @param targets float32 [count, classes]; rows need not sum to 1
 * @returns float32 [count]
 */
function softmaxCrossEntropy(targets: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D {
  const loss = tf.customGrad((z, save) => {
    const shifted = tf.sub(z as tf.Tensor2D, tf.max(z as tf.Tensor2D, 1, true));
    const exponentials = tf.exp(shifted);
    const sums = tf.sum(exponentials, 1, true);
    (save as tf.GradSaveFunc)([exponentials, sums, targets]);
    const negativeLogs = tf.sub(tf.log(sums), shifted);
    // The -log p of a masked class, whose logit is -Infinity, is Infinity, and 0 times that would be NaN.
    const terms = tf.where(tf.equal(targets, 0), tf.zerosLike(targets), tf.mul(targets, negativeLogs));
    return {
      value: tf.sum(terms, 1),
      gradFunc: (dy, saved) => {
        const [exponentials, sums, targets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        const scale = tf.div(tf.sum(targets, 1, true), sums);
        return tf.mul(tf.sub(tf.mul(exponentials, scale), targets), tf.expandDims(dy, 1));
      },
    };
  });
  return loss(logits) as tf.Tensor1D;
}
