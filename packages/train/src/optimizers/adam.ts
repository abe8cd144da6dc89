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

/** The options of `adam`. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean of gradients stays. Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean of squared gradients stays. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

type Slot = 'exp_avg' | 'exp_avg_sq';

const adamRules: OptionRules<AdamOptions> = {
  ...optimizerRules,
  beta1: optional(belowOne),
  beta2: optional(belowOne),
  epsilon: optional(positive),
};

/** 1 - beta^t, as -(exp(t log beta) - 1): of a power the digits would be lost where it is near 1. */
function sumOfShares(beta: number, { iterations, scalar }: Update<Slot>): tf.Scalar {
  return tf.neg(tf.expm1(tf.mul(iterations, scalar(Math.log(beta)))));
}

/** The optimizer that `adam` makes. */
export class Adam extends StatefulOptimizer<Slot> {
  static readonly className: string = 'CnnzooAdam';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly slotNames: readonly Slot[] = ['exp_avg', 'exp_avg_sq'];

  constructor(options: AdamOptions) {
    super(options);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-8;
  }

  protected override update(update: Update<Slot>): tf.Tensor {
    return this.step(update, update.value, coupledDecay(update));
  }

  protected step(update: Update<Slot>, value: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
    const { slots, scalar, once, learningRate } = update;
    const { beta1, beta2, epsilon } = this;
    const mean = tf.add(tf.mul(slots.exp_avg, scalar(beta1)), tf.mul(gradient, scalar(1 - beta1)));
    const squares = tf.add(tf.mul(slots.exp_avg_sq, scalar(beta2)), tf.mul(tf.square(gradient), scalar(1 - beta2)));
    slots.exp_avg.assign(mean);
    slots.exp_avg_sq.assign(squares);
    // The corrections of the means' start at 0, drawn out of the element-wise passes.
    const rate = once(`rate ${learningRate.id}`, () => tf.div(learningRate, sumOfShares(beta1, update)));
    const rootScale = once('root scale', () => tf.rsqrt(sumOfShares(beta2, update)));
    const root = tf.add(tf.mul(tf.sqrt(squares), rootScale), scalar(epsilon));
    return tf.sub(value, tf.div(tf.mul(mean, rate), root));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}

/** The optimizer that `adamw` makes. */
export class AdamW extends Adam {
  static override readonly className: string = 'CnnzooAdamW';

  protected override update(update: Update<Slot>): tf.Tensor {
    const { value, gradient, scalar, once, learningRate, weightDecay } = update;
    const kept = () => tf.sub(scalar(1), tf.mul(learningRate, scalar(weightDecay))) as tf.Scalar;
    const decayed = weightDecay === 0 ? value : tf.mul(value, once(`kept ${learningRate.id}`, kept));
    return this.step(update, decayed, gradient);
  }
}

/**
 * Adam: Kingma and Ba (2015), equal to PyTorch's `optim.Adam`. Its weight decay is added to the gradient; see `adamw`.
 *
 *   g = gradient + weightDecay * w
 *   m = beta1 m + (1 - beta1) g,  s = beta2 s + (1 - beta2) g^2
 *   w = w - learningRate * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { adam } from '@cnnzoo/train';
 *
 * const optimizer = adam({ learningRate: 1e-3 });
 */
export function adam(options: AdamOptions): Adam {
  return new Adam(checkOptions('adam', options, adamRules));
}

/**
 * Adam with weight decay apart from the gradient: Loshchilov and Hutter (2019), equal to PyTorch's `optim.AdamW`.
 *
 *   w = (1 - learningRate * weightDecay) w, then Adam's step without weight decay
 *
 * @throws RangeError naming the option that is out of range
 * @example
 * import { adamw } from '@cnnzoo/train';
 *
 * const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0.05, decayBiasesAndNorms: false });
 */
export function adamw(options: AdamOptions): AdamW {
  return new AdamW(checkOptions('adamw', options, adamRules));
}
