import { checkOptions, faultOf, listOf, number, type OptionRules, oneOf, optional, type Rule } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { areIndices, checkLabels, type Labels } from './classes.js';
import { smoothed } from './smooth-labels.js';

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
  options: CrossEntropyOptions = {},
): tf.Scalar | tf.Tensor1D {
  const { count, classes } = checkLabels(labels, logits);
  checkOptions<CrossEntropyOptions>('crossEntropy', options, {
    ...weightingRules(classes),
    reduction: optional(oneOf(['mean', 'sum', 'none'])),
  });
  const { labelSmoothing = 0, classWeights, reduction = 'mean' } = options;
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

/** The rules of the options that say how much classes count. */
export function weightingRules(classes: number): OptionRules<Omit<CrossEntropyOptions, 'reduction'>> {
  const weights = listOf(number(0));
  const expected = `an array of ${classes}, one weight of at least 0 for each class`;
  const classWeights: Rule<readonly number[]> = {
    expected,
    fault: (name, value) =>
      weights.fault(name, value) ??
      ((value as readonly number[]).length === classes ? null : faultOf(RangeError, name, expected, value)),
  };
  return { labelSmoothing: optional(number(0, 1)), classWeights: optional(classWeights) };
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
