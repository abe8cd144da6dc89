import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { type CallOptions, onlyTensor } from './layer-arguments.js';
import { padMap } from './pad-map.js';
import { Pooling2D, type Pooling2dOptions, poolingRules } from './pooling-2d.js';
import { equalsSame } from './window.js';

/** The options of `maxPooling2d`. */
export type MaxPooling2dOptions = Pooling2dOptions;

/** The layer that `maxPooling2d` makes. */
export class MaxPooling2D extends Pooling2D {
  static readonly className = 'CnnzooMaxPooling2D';

  constructor(options: MaxPooling2dOptions) {
    super('maxPooling2d', options, poolingRules);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    this.invokeCallHook(inputs, options);
    const x = onlyTensor<tf.Rank.R4>(inputs);
    if (this.windows.every(equalsSame)) return tf.maxPool(x, this.poolSize, this.stride, 'same');
    return tf.tidy(() => tf.maxPool(padMap(x, this.windows, -Infinity), this.poolSize, this.stride, 'valid'));
  }
}

/**
 * Max pooling with PyTorch's padding and rounding.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, channels], h = floor or, with `ceilMode`, ceil of
 * (height + 2 padding - poolSize) / stride, plus 1. Padding never wins: it is -Infinity.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, maxPooling2d } from '@cnnzoo/blocks';
 *
 * const y = connect(x, maxPooling2d({ name: 'maxpool', poolSize: 3, stride: 2, padding: 1 })); // [.., 112, 112, 64] to [.., 56, 56, 64]
 */
export function maxPooling2d(options: MaxPooling2dOptions): MaxPooling2D {
  return new (registered(MaxPooling2D))(options);
}
