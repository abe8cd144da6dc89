import { boolean, checkOptions, type OptionRules, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import {
  belowOne,
  coupledDecay,
  type OptimizerOptions,
  optimizerRules,
  StatefulOptimizer,
  type Update,
} from './optimizer.js';

/** The options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /** How much of the last update's direction stays, from 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** Nesterov's momentum: the gradient is taken as if the momentum had already been applied. Default false. */
  readonly nesterov?: boolean;
}

const sgdRules: OptionRules<SgdOptions> = {
  ...optimizerRules,
  momentum: optional(belowOne),
  nesterov: optional(boolean),
};

/** The optimizer that `sgd` makes. */
export class Sgd extends StatefulOptimizer<'momentum_buffer'> {
  static readonly className: string = 'CnnzooSgd';
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly slotNames: readonly 'momentum_buffer'[];

  constructor(options: SgdOptions) {
    super(options);
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
    if (this.nesterov && this.momentum === 0) throw new RangeError('nesterov needs a momentum above 0, got 0');
    this.slotNames = this.momentum === 0 ? [] : ['momentum_buffer'];
  }

  protected override update(update: Update<'momentum_buffer'>): tf.Tensor {
    const { value, slots, scalar, learningRate } = update;
    let direction = coupledDecay(update);
    if (this.momentum > 0) {
      const momentum = scalar(this.momentum);
      const buffer = tf.add(tf.mul(slots.momentum_buffer, momentum), direction);
      slots.momentum_buffer.assign(buffer);
      direction = this.nesterov ? tf.add(direction, tf.mul(buffer, momentum)) : buffer;
    }
    return tf.sub(value, tf.mul(direction, learningRate));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}

/**
 * Stochastic gradient descent, equal to PyTorch's `optim.SGD`: what LeNet, AlexNet, VGG, GoogLeNet and ResNet were trained with.
 *
 *   g = gradient + weightDecay * w
 *   v = momentum * v + g
 *   w = w - learningRate * (nesterov ? g + momentum * v : v)
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { sgd } from '@cnnzoo/train';
 *
 * const optimizer = sgd({ learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 });
 */
export function sgd(options: SgdOptions): Sgd {
  return new Sgd(checkOptions('sgd', options, sgdRules));
}
