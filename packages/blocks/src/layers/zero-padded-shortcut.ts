import { integer, optional } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `zeroPaddedShortcut`. */
export interface ZeroPaddedShortcutOptions extends LayerOptions {
  /** Output channels, at least as many as come in. */
  readonly filters: number;
  /** Takes every `stride`-th row and column. Default 1. */
  readonly stride?: number;
}

/** The layer that `zeroPaddedShortcut` makes. */
export class ZeroPaddedShortcut extends BaseLayer<ZeroPaddedShortcutOptions> {
  static readonly className = 'CnnzooZeroPaddedShortcut';
  readonly filters: number;
  readonly stride: number;

  constructor(options: ZeroPaddedShortcutOptions) {
    super('zeroPaddedShortcut', options, { filters: integer(1), stride: optional(integer(1)) });
    this.filters = options.filters;
    this.stride = options.stride ?? 1;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shape = onlyShape(inputShape, this.name);
    const [batch = null, height = null, width = null] = shape;
    const channels = knownChannels(shape, this.name);
    if (channels > this.filters)
      throw new RangeError(
        `filters of layer ${this.name} must be at least the input's ${channels}, got ${this.filters}`,
      );
    const subsampled = (size: number | null) => (size === null ? null : Math.ceil(size / this.stride));
    return [batch, subsampled(height), subsampled(width), this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor<tf.Rank.R4>(inputs);
      // A 1x1 pooling with a stride is a subsampling that has a gradient on every backend; tf.stridedSlice has none.
      const subsampled = this.stride === 1 ? x : tf.avgPool(x, 1, this.stride, 'valid');
      const added = this.filters - x.shape[3];
      const before = Math.floor(added / 2);
      return tf.pad(subsampled, [
        [0, 0],
        [0, 0],
        [0, 0],
        [before, added - before],
      ]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), filters: this.filters, stride: this.stride };
  }
}

/**
 * Shortcut A of He et al., "Deep residual learning for image recognition" (2015), section 3.3: every `stride`-th pixel, and new
 * channels of zeros, half of them before the old ones and half after. No weights.
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, zeroPaddedShortcut } from '@cnnzoo/blocks';
 *
 * const shortcut = connect(x, zeroPaddedShortcut({ filters: 32, stride: 2 })); // [null, 32, 32, 16] to [null, 16, 16, 32]
 */
export function zeroPaddedShortcut(options: ZeroPaddedShortcutOptions): ZeroPaddedShortcut {
  return new (registered(ZeroPaddedShortcut))(options);
}
