import { number, oddInteger, optional } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `localResponseNormalization`. */
export interface LocalResponseNormalizationOptions extends LayerOptions {
  /** n: how many neighbouring channels are summed, an odd number. Default 5. */
  readonly size?: number;
  /** k. Default 2. */
  readonly bias?: number;
  /** Factor of the sum of squares. PyTorch and Caffe divide theirs by n. Default 1e-4. */
  readonly alpha?: number;
  /** Default 0.75. */
  readonly beta?: number;
}

/** The layer that `localResponseNormalization` makes. */
export class LocalResponseNormalization extends BaseLayer<LocalResponseNormalizationOptions> {
  static readonly className = 'CnnzooLocalResponseNormalization';
  readonly size: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;

  constructor(options: LocalResponseNormalizationOptions = {}) {
    const atLeast0 = optional(number(0));
    const rules = { size: optional(oddInteger(1)), bias: atLeast0, alpha: atLeast0, beta: atLeast0 };
    super('localResponseNormalization', options, rules);
    this.size = options.size ?? 5;
    this.bias = options.bias ?? 2;
    this.alpha = options.alpha ?? 1e-4;
    this.beta = options.beta ?? 0.75;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape, this.name);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor<tf.Rank.R4>(inputs);
      return tf.localResponseNormalization(x, (this.size - 1) / 2, this.bias, this.alpha, this.beta);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { size, bias, alpha, beta } = this;
    return { ...super.getConfig(), size, bias, alpha, beta };
  }
}

/**
 * Local response normalization of AlexNet's paper (Krizhevsky et al. 2012, section 3.3), between channels at the same place:
 *
 *   b_i = a_i / (bias + alpha * sum over the `size` nearest channels j of a_j^2) ^ beta
 *
 * Input and output [batch, height, width, channels]. The defaults are the paper's constants k = 2, n = 5, alpha = 1e-4, beta = 0.75.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, localResponseNormalization, relu } from '@cnnzoo/blocks';
 *
 * const y = connect(x, relu({ name: 'relu1' }), localResponseNormalization({ name: 'norm1' }));
 */
export function localResponseNormalization(
  options: LocalResponseNormalizationOptions = {},
): LocalResponseNormalization {
  return new (registered(LocalResponseNormalization))(options);
}
