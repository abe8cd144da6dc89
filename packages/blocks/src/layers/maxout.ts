import { integer } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `maxout`. */
export interface MaxoutOptions extends LayerOptions {
  /** k: how many neighbouring channels become one. */
  readonly pieces: number;
}

/** The layer that `maxout` makes. */
export class Maxout extends BaseLayer<MaxoutOptions> {
  static readonly className = 'CnnzooMaxout';
  readonly pieces: number;

  constructor(options: MaxoutOptions) {
    super('maxout', options, { pieces: integer(1) });
    this.pieces = options.pieces;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const expected = '[batch, height, width, channels] or [batch, features]';
    const shape = onlyShape(inputShape, this.name, [2, 4], expected);
    const channels = knownChannels(shape, this.name);
    if (channels % this.pieces !== 0)
      throw new RangeError(
        `pieces of layer ${this.name} must be a divisor of the input's channels, which are ${channels}, got ${this.pieces}`,
      );
    return [...shape.slice(0, -1), channels / this.pieces];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor(inputs);
      const channels = Number(x.shape.at(-1));
      const outer = x.shape.slice(0, -1);
      return largest(tf.reshape(x, [...outer, channels / this.pieces, this.pieces]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), pieces: this.pieces };
  }
}

/**
 * The largest along the last axis. Pieces that are equal share its gradient, as in PyTorch's amax; each would get all of it from tfjs's max. Where
 * a window sees nothing but padding, all pieces are their biases, equal at first.
 */
function largest(x: tf.Tensor): tf.Tensor {
  const maximum = tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    const y = tf.max(x, -1, true);
    save([x, y]);
    return {
      value: tf.squeeze(y, [-1]),
      gradFunc: (dy, saved) => {
        const [x, y] = saved as [tf.Tensor, tf.Tensor];
        const isLargest = tf.cast(tf.equal(x, y), 'float32');
        return tf.mul(isLargest, tf.div(tf.expandDims(dy, -1), tf.sum(isLargest, -1, true)));
      },
    };
  });
  return maximum(x);
}

/**
 * Maxout: Goodfellow et al. (2013). The largest of each `pieces` neighbouring channels: after a convolution or dense layer of
 * `pieces` times as many channels, a unit that learns its own activation.
 *
 * Input [batch, height, width, channels] or [batch, features]; output with channels / pieces.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, conv2d, maxout } from '@cnnzoo/blocks';
 *
 * const y = connect(x, conv2d({ name: 'conv1', filters: 64, kernelSize: 3, padding: 1 }), maxout({ pieces: 2 })); // 32 channels
 */
export function maxout(options: MaxoutOptions): Maxout {
  return new (registered(Maxout))(options);
}
