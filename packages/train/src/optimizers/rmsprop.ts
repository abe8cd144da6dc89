import { boolean, checkOptions, type OptionRules, optional, positive } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import {
  belowOne,
  coupledDecay,
  type OptimizerOptions,
  optimizerRules,
  StatefulOptimizer,
  type Update,
} from './optimizer.js';

/** The options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /** How much of the mean of squared gradients stays. Default 0.99, PyTorch's; the Inception papers' is 0.9. */
  readonly decay?: number;
  /** Added to the root. Default 1e-8, PyTorch's; the Inception papers' is 1.0. */
  readonly epsilon?: number;
  /** Add epsilon under the root, as TensorFlow does, which the Inception papers were written with. Default false. */
  readonly epsilonInsideRoot?: boolean;
  /** Default 0; the Inception papers' is 0.9. */
  readonly momentum?: number;
}

type Slot = 'square_avg' | 'momentum_buffer';

const rmspropRules: OptionRules<RmspropOptions> = {
  ...optimizerRules,
  decay: optional(belowOne),
  epsilon: optional(positive),
  epsilonInsideRoot: optional(boolean),
  momentum: optional(belowOne),
};

/** The optimizer that `rmsprop` makes. */
export class Rmsprop extends StatefulOptimizer<Slot> {
  static readonly className: string = 'CnnzooRmsprop';
  readonly decay: number;
  readonly epsilon: number;
  readonly epsilonInsideRoot: boolean;
  readonly momentum: number;
  readonly slotNames: readonly Slot[];

  constructor(options: RmspropOptions) {
    super(options);
    this.decay = options.decay ?? 0.99;
    this.epsilon = options.epsilon ?? 1e-8;
    this.epsilonInsideRoot = options.epsilonInsideRoot ?? false;
    this.momentum = options.momentum ?? 0;
    this.slotNames = this.momentum === 0 ? ['square_avg'] : ['square_avg', 'momentum_buffer'];
  }

  protected override update(update: Update<Slot>): tf.Tensor {
    const { value, slots, scalar, learningRate } = update;
    const gradient = coupledDecay(update);
    const average = tf.add(
      tf.mul(slots.square_avg, scalar(this.decay)),
      tf.mul(tf.square(gradient), scalar(1 - this.decay)),
    );
    slots.square_avg.assign(average);
    const epsilon = scalar(this.epsilon);
    const root = this.epsilonInsideRoot ? tf.sqrt(tf.add(average, epsilon)) : tf.add(tf.sqrt(average), epsilon);
    let direction = tf.div(gradient, root);
    if (this.momentum > 0) {
      direction = tf.add(tf.mul(slots.momentum_buffer, scalar(this.momentum)), direction);
      slots.momentum_buffer.assign(direction);
    }
    return tf.sub(value, tf.mul(direction, learningRate));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { decay, epsilon, epsilonInsideRoot, momentum } = this;
    return { ...super.getConfig(), decay, epsilon, epsilonInsideRoot, momentum };
  }
}

/**
 * RMSProp: Tieleman and Hinton (2012), equal to PyTorch's `optim.RMSprop`, and with `epsilonInsideRoot` to the rule of TensorFlow's that
 * Inception-v2 and v3 were trained with (decay 0.9, momentum 0.9, epsilon 1.0).
 *
 *   g = gradient + weightDecay * w
 *   s = decay * s + (1 - decay) g^2
 *   r = sqrt(s) + epsilon, or sqrt(s + epsilon)
 *   v = momentum * v + g / r
 *   w = w - learningRate * v
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { rmsprop } from '@cnnzoo/train';
 *
 * const optimizer = rmsprop({ learningRate: 0.045, decay: 0.9, momentum: 0.9, epsilon: 1, epsilonInsideRoot: true });
 */
export function rmsprop(options: RmspropOptions): Rmsprop {
  return new Rmsprop(checkOptions('rmsprop', options, rmspropRules));
}
