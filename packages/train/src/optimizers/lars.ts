import { checkOptions, type OptionRules, optional, positive } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import {
  belowOne,
  coupledDecay,
  type OptimizerOptions,
  optimizerRules,
  StatefulOptimizer,
  type Update,
} from './optimizer.js';

/** The options of `lars`. */
export interface LarsOptions extends OptimizerOptions {
  /** Default 0.9. */
  readonly momentum?: number;
  /** The share of a weight's norm that an update may have. Default 0.001. */
  readonly trust?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

const larsRules: OptionRules<LarsOptions> = {
  ...optimizerRules,
  momentum: optional(belowOne),
  trust: optional(positive),
  epsilon: optional(positive),
};

/** The optimizer that `lars` makes. */
export class Lars extends StatefulOptimizer<'momentum_buffer'> {
  static readonly className: string = 'CnnzooLars';
  readonly momentum: number;
  readonly trust: number;
  readonly epsilon: number;
  readonly slotNames = ['momentum_buffer'] as const;

  constructor(options: LarsOptions) {
    super(options);
    this.momentum = options.momentum ?? 0.9;
    this.trust = options.trust ?? 0.001;
    this.epsilon = options.epsilon ?? 1e-8;
  }

  protected override update(update: Update<'momentum_buffer'>): tf.Tensor {
    const { value, gradient, slots, scalar, learningRate, weightDecay } = update;
    let direction = coupledDecay(update);
    if (value.shape.length > 1) {
      const weightNorm = tf.sqrt(tf.sum(tf.square(value)));
      const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
      const denominator = tf.add(tf.add(gradientNorm, tf.mul(weightNorm, scalar(weightDecay))), scalar(this.epsilon));
      const rate = tf.div(tf.mul(weightNorm, scalar(this.trust)), denominator);
      // Weights that are all zero, as some heads start, would stay so.
      direction = tf.mul(direction, tf.where(tf.greater(weightNorm, scalar(0)), rate, scalar(1)));
    }
    const buffer = tf.add(tf.mul(slots.momentum_buffer, scalar(this.momentum)), tf.mul(direction, learningRate));
    slots.momentum_buffer.assign(buffer);
    return tf.sub(value, buffer);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { momentum, trust, epsilon } = this;
    return { ...super.getConfig(), momentum, trust, epsilon };
  }
}

/**
 * LARS, for large batches: You et al., "Large batch training of convolutional networks" (2017), algorithm 1. Each weight's learning
 * rate follows the ratio of its norm to its gradient's; biases and norms take the plain one.
 *
 *   l = trust |w| / (|gradient| + weightDecay |w| + epsilon), 1 where w is zero
 *   v = momentum * v + learningRate * l * (gradient + weightDecay * w)
 *   w = w - v
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { lars } from '@cnnzoo/train';
 *
 * const optimizer = lars({ learningRate: 2, momentum: 0.9, weightDecay: 5e-5, decayBiasesAndNorms: false });
 */
export function lars(options: LarsOptions): Lars {
  return new Lars(checkOptions('lars', options, larsRules));
}
