import { integer, number, optional } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { seedFor } from '../initial-weights/current-weights.js';
import { fillDropoutMask, maskSeed } from '../initial-weights/random-numbers.js';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, onlyTensor } from './layer-arguments.js';

/** The options of `dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** The share of activations that become zero in training. */
  readonly rate: number;
  /** Default: follows from the model's seed and the layer's name. */
  readonly seed?: number;
}

/** The layer that `dropout` makes. */
export class Dropout extends BaseLayer<DropoutOptions> {
  static readonly className = 'CnnzooDropout';
  readonly rate: number;
  /** Random where neither the layer nor its model was given one, so that a training run can be resumed with it in another process. */
  seed: number;
  /**
   * How many masks were drawn: mask n depends on the seed and n only, so a training run that is resumed in another process gives the same
   * result if it takes this number along. Not saved with the model.
   */
  masksDrawn = 0;

  constructor(options: DropoutOptions) {
    super('dropout', options, { rate: number(0, 1), seed: optional(integer(0)) });
    this.rate = options.rate;
    this.seed = options.seed ?? seedFor(`${this.name}.mask`);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor(inputs);
      if (options['training'] !== true || this.rate === 0) return x;
      if (this.rate === 1) return tf.zerosLike(x);
      const mask = new Float32Array(x.size);
      fillDropoutMask(mask, this.rate, 1 / (1 - this.rate), maskSeed(this.seed, this.masksDrawn++));
      return tf.mul(x, tf.tensor(mask, x.shape));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed };
  }
}

/**
 * Dropout: Srivastava et al. (2014). In training a share `rate` of the activations becomes zero and the others grow by
 * 1 / (1 - rate); otherwise the input passes unchanged. tfjs's own layer, given a seed, drops the same activations at every step.
 *
 * Input and output of any shape.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, dense, dropout, relu } from '@cnnzoo/blocks';
 *
 * const y = connect(x, dense({ name: 'fc1', units: 4096 }), relu({ name: 'relu1' }), dropout({ name: 'drop1', rate: 0.5 }));
 */
export function dropout(options: DropoutOptions): Dropout {
  return new (registered(Dropout))(options);
}
