import { integer, listOf } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `spatialPyramidPooling`. */
export interface SpatialPyramidPoolingOptions extends LayerOptions {
  /** Bins along a side, level by level: [7, 3, 2, 1] are 49 + 9 + 4 + 1 bins. */
  readonly levels: readonly number[];
}

/** The layer that `spatialPyramidPooling` makes. */
export class SpatialPyramidPooling extends BaseLayer<SpatialPyramidPoolingOptions> {
  static readonly className = 'CnnzooSpatialPyramidPooling';
  readonly levels: readonly number[];

  constructor(options: SpatialPyramidPoolingOptions) {
    super('spatialPyramidPooling', options, { levels: listOf(integer(1), 1) });
    this.levels = [...options.levels];
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shape = onlyShape(inputShape, this.name);
    const bins = this.levels.reduce((sum, level) => sum + level * level, 0);
    return [shape[0] ?? null, bins * knownChannels(shape, this.name)];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor<tf.Rank.R4>(inputs);
      const levels = this.levels.map((bins) => {
        const pooled = maxOfBins(x, bins);
        // PyTorch's order within a level, so that the weights of the dense layer that follows are PyTorch's.
        return tf.reshape(tf.transpose(pooled, [0, 3, 1, 2]), [x.shape[0], bins * bins * x.shape[3]]);
      });
      return levels.length === 1 ? (levels[0] as tf.Tensor) : tf.concat(levels, 1);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), levels: [...this.levels] };
  }
}

/** The largest values of `bins` times `bins` bins, which overlap where the size is not a multiple: [batch, bins, bins, channels]. */
function maxOfBins(x: tf.Tensor4D, bins: number): tf.Tensor4D {
  const [, height, width] = x.shape;
  if (height % bins === 0 && width % bins === 0) {
    const window: [number, number] = [height / bins, width / bins];
    return tf.maxPool(x, window, window, 'valid');
  }
  return maxAlong(maxAlong(x, 1, bins), 2, bins);
}

/** As PyTorch's AdaptiveMaxPool2d: bin i is from floor(i size / bins) to ceil((i + 1) size / bins). */
function maxAlong(x: tf.Tensor4D, axis: 1 | 2, bins: number): tf.Tensor4D {
  const size = x.shape[axis];
  const parts = Array.from({ length: bins }, (_, bin) => {
    const start = Math.floor((bin * size) / bins);
    const [begin, length] = [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ] as [Quadruple, Quadruple];
    begin[axis] = start;
    length[axis] = Math.ceil(((bin + 1) * size) / bins) - start;
    return tf.max<tf.Tensor4D>(tf.slice4d(x, begin, length), axis, true);
  });
  return tf.concat(parts, axis);
}

type Quadruple = [number, number, number, number];

/**
 * Spatial pyramid pooling: He et al. (2014), section 2.2. The largest value of each bin of grids of several sizes, as one vector whose
 * length does not depend on the input's height and width.
 *
 * Input [batch, height, width, channels], height and width known or not; output [batch, bins * channels], level by level, and within a
 * level in PyTorch's order: channel by channel. Below a level's number of bins, bins share positions.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, dense, spatialPyramidPooling } from '@cnnzoo/blocks';
 *
 * const y = connect(x, spatialPyramidPooling({ name: 'spp', levels: [7, 3, 2, 1] }), dense({ name: 'fc1', units: 4096 }));
 */
export function spatialPyramidPooling(options: SpatialPyramidPoolingOptions): SpatialPyramidPooling {
  return new (registered(SpatialPyramidPooling))(options);
}
