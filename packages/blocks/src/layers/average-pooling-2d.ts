import { boolean, optional } from '@cnnzoo/checks';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { type CallOptions, onlyTensor } from './layer-arguments.js';
import { padMap } from './pad-map.js';
import { Pooling2D, type Pooling2dOptions, poolingRules } from './pooling-2d.js';
import { type AxisWindow, axisPadding } from './window.js';

/** The options of `averagePooling2d`. */
export interface AveragePooling2dOptions extends Pooling2dOptions {
  /** Whether padding counts as zeros (torchvision's Inception) or not at all (Keras's and TF-slim's). Default true. */
  readonly countIncludePad?: boolean;
}

/** The layer that `averagePooling2d` makes. */
export class AveragePooling2D extends Pooling2D<AveragePooling2dOptions> {
  static readonly className = 'CnnzooAveragePooling2D';
  readonly countIncludePad: boolean;

  constructor(options: AveragePooling2dOptions) {
    super('averagePooling2d', options, { ...poolingRules, countIncludePad: optional(boolean) });
    this.countIncludePad = options.countIncludePad ?? true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor<tf.Rank.R4>(inputs);
      const [, height, width] = x.shape;
      const [vertical, horizontal] = this.windows;
      // Padded here even where tfjs's 'same' is the same: its cpu gradient of that divides by the whole window at the edges.
      const padded = padMap(x, this.windows, 0);
      const y = tf.avgPool(padded, this.poolSize, this.stride, 'valid');
      const rows = countedCells(height, vertical, this.countIncludePad);
      const columns = countedCells(width, horizontal, this.countIncludePad);
      if (rows.every((count) => count === vertical.kernel) && columns.every((count) => count === horizontal.kernel))
        return y;
      // tf.avgPool has divided by the whole window; some have fewer cells that count.
      const corrections = rows.flatMap((row) =>
        columns.map((column) => (vertical.kernel * horizontal.kernel) / (row * column)),
      );
      return tf.mul(y, tf.tensor4d(corrections, [1, rows.length, columns.length, 1]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), countIncludePad: this.countIncludePad };
  }
}

/** How many cells of each window along an axis count for the average. */
function countedCells(size: number, window: AxisWindow, countIncludePad: boolean): number[] {
  const { kernel, stride, padding } = window;
  const { before, output } = axisPadding(size, window);
  // Padding on purpose counts, the part of a window that ceilMode lets reach beyond it does not.
  const included = countIncludePad && typeof padding === 'number' ? padding : 0;
  return Array.from({ length: output }, (_, index) => {
    const begin = index * stride - before;
    return Math.min(begin + kernel, size + included) - Math.max(begin, -included);
  });
}

/**
 * Average pooling with PyTorch's padding and rounding.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, channels], sizes as of `maxPooling2d`.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { averagePooling2d, connect } from '@cnnzoo/blocks';
 *
 * const y = connect(x, averagePooling2d({ poolSize: 3, stride: 1, padding: 1 })); // Inception's pooling branch: the size stays
 */
export function averagePooling2d(options: AveragePooling2dOptions): AveragePooling2D {
  return new (registered(AveragePooling2D))(options);
}
