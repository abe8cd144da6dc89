import { number, oneOf, optional } from '@cnnzoo/checks';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { constant } from '../initial-weights/initializers.js';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `batchNorm`. */
export interface BatchNormOptions extends LayerOptions {
  /** Added to the variance. Default 1e-5, PyTorch's; GoogLeNet and Inception use 1e-3. */
  readonly epsilon?: number;
  /** How much of the running statistics stays at each step: 1 minus PyTorch's momentum. Default 0.9. */
  readonly momentum?: number;
  /** Applied to the result, in the same layer. Default 'linear'. */
  readonly activation?: 'relu' | 'linear';
}

/** The layer that `batchNorm` makes. */
export class BatchNormalization extends BaseLayer<BatchNormOptions> {
  static readonly className = 'CnnzooBatchNormalization';
  readonly epsilon: number;
  readonly momentum: number;
  readonly activation: 'relu' | 'linear';
  #weights: Record<'gamma' | 'beta' | 'movingMean' | 'movingVariance', LayerVariable> | null = null;

  constructor(options: BatchNormOptions = {}) {
    super('batchNorm', options, {
      epsilon: optional(number(0)),
      momentum: optional(number(0, 1)),
      activation: optional(oneOf(['relu', 'linear'])),
    });
    this.epsilon = options.epsilon ?? 1e-5;
    this.momentum = options.momentum ?? 0.9;
    this.activation = options.activation ?? 'linear';
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = [
      knownChannels(
        onlyShape(inputShape, this.name, [4, 2], '[batch, height, width, channels] or [batch, features]'),
        this.name,
      ),
    ];
    this.#weights = {
      gamma: this.addWeight('gamma', shape, 'float32', constant(1)),
      beta: this.addWeight('beta', shape, 'float32', constant(0)),
      movingMean: this.addWeight('moving_mean', shape, 'float32', constant(0), undefined, false),
      movingVariance: this.addWeight('moving_variance', shape, 'float32', constant(1), undefined, false),
    };
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape, this.name, [4, 2], '[batch, height, width, channels] or [batch, features]');
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    this.invokeCallHook(inputs, options);
    if (this.#weights === null) throw new Error(`layer ${this.name} was called before it was built`);
    const { gamma, beta, movingMean, movingVariance } = this.#weights;
    const x = onlyTensor<tf.Rank.R4>(inputs);
    // `model.trainable = false` marks the weights and not the layer, so the weights are what to ask.
    if (options['training'] !== true || this.trainableWeights.length === 0)
      return this.#activate(
        normalize(x, movingMean.read(), movingVariance.read(), beta.read(), gamma.read(), this.epsilon),
      );
    const move = (running: LayerVariable, batch: tf.Tensor, factor: number) =>
      running.write(tf.add(tf.mul(running.read(), this.momentum), tf.mul(batch, (1 - this.momentum) * factor)));
    return tf.tidy(() => {
      const y = normalizeBatch(x, gamma.read(), beta.read(), this.epsilon, this.name, (mean, variance, count) => {
        move(movingMean, mean, 1);
        // Unbiased, as in PyTorch; the batch itself was normalized with the biased one.
        move(movingVariance, variance, count / (count - 1));
      });
      return this.#activate(y);
    });
  }

  /** Takes `y`: what is not returned is disposed of. */
  #activate(y: tf.Tensor): tf.Tensor {
    if (this.activation === 'linear') return y;
    const activated = tf.engine().runKernel<tf.Tensor>(tf.Relu, { x: y });
    y.dispose();
    return activated;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), epsilon: this.epsilon, momentum: this.momentum, activation: this.activation };
  }
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta */
function normalize(
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  beta: tf.Tensor,
  gamma: tf.Tensor,
  epsilon: number,
): tf.Tensor {
  if (x.rank !== 4)
    return tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      beta as tf.Tensor1D,
      gamma as tf.Tensor1D,
      epsilon,
    );
  // The kernel that tf.batchNorm calls, without the reshape after it: a fifth of all operations of a GoogLeNet.
  const parts = { x, mean, variance, offset: beta, scale: gamma };
  return tf.engine().runKernel(tf.FusedBatchNorm, parts, { varianceEpsilon: epsilon });
}

/**
 * Normalizes with the batch's own statistics: one custom gradient instead of one for each of the ten operations, in few passes
 * over the activations.
 *
 *   xHat = (x - mean) r, r = 1 / sqrt(variance + epsilon), y = gamma xHat + beta; m values per channel
 *   dBeta = sum dy, dGamma = sum dy xHat
 *   dx = gamma r (dy - dBeta / m - xHat dGamma / m)            Ioffe and Szegedy (2015), section 3, collected
 *
 * The variance is the mean of squared deviations: mean(x^2) - mean^2 would lose all digits where the mean is large.
 * @param onStatistics called while tfjs records nothing for the backward pass. There it would search each recorded operation for a way to all
 *   weights, though no gradient goes through the running statistics: 17 of 636 ms of an Inception-v3's step
 */
function normalizeBatch(
  x: tf.Tensor4D,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
  layer: string,
  onStatistics: (mean: tf.Tensor, variance: tf.Tensor, count: number) => void,
): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const count = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  if (count <= 1)
    throw new RangeError(
      `the input of layer ${layer} must have more than one value per channel in training, got [${x.shape.join(', ')}]`,
    );
  const normalizeWithOwn = tf.customGrad((...args) => {
    const [x, gamma, beta, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const mean = tf.mean(x, axes);
    const centered = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centered), axes);
    const r = tf.rsqrt(tf.add(variance, epsilon));
    const scale = tf.mul(gamma, r);
    onStatistics(mean, variance, count);
    save([centered, r, scale]);
    return {
      value: tf.add(tf.mul(centered, scale), beta),
      gradFunc: (dy, saved) => {
        const [centered, r, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const dBeta = tf.sum(dy, axes);
        const dGamma = tf.mul(tf.sum(tf.mul(dy, centered), axes), r);
        // dx = scale dy + slope (x - mean) + offset, with the last two per channel.
        const slope = tf.mul(tf.mul(scale, tf.mul(r, dGamma)), -1 / count);
        const offset = tf.mul(tf.mul(scale, dBeta), -1 / count);
        const dx = tf.add(tf.mul(dy, scale), tf.add(tf.mul(centered, slope), offset));
        return [dx, dGamma, dBeta];
      },
    };
  });
  return normalizeWithOwn(x, gamma, beta);
}

/**
 * Batch normalization as in PyTorch: Ioffe and Szegedy, "Batch normalization" (2015).
 *
 * Input and output [batch, height, width, channels] or [batch, features]. Weights: gamma, beta, moving_mean, moving_variance,
 * each [channels]. While training it normalizes with the batch's statistics and moves the running ones, the variance unbiased;
 * otherwise, and in training while frozen (`trainable = false`), it uses the running ones and leaves them alone.
 * tfjs's own layer has a biased variance and lets frozen layers' statistics move.
 *
 * @throws TypeError or RangeError naming the option that is not as said; RangeError in training where there is one value per channel: its variance is unknown
 * @example
 * import { batchNorm, connect, conv2d } from '@cnnzoo/blocks';
 *
 * const y = connect(x, conv2d({ filters: 64, kernelSize: 3, padding: 1, useBias: false }), batchNorm({ name: 'bn1' }));
 */
export function batchNorm(options: BatchNormOptions = {}): BatchNormalization {
  return new (registered(BatchNormalization))(options);
}
