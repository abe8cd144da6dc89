import { type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `adaptiveAveragePooling2d`. */
export interface AdaptiveAveragePooling2dOptions extends LayerOptions {
  readonly outputSize: Size2d;
}

/** The layer that `adaptiveAveragePooling2d` makes. */
export class AdaptiveAveragePooling2D extends BaseLayer<AdaptiveAveragePooling2dOptions> {
  static readonly className = 'CnnzooAdaptiveAveragePooling2D';
  readonly outputSize: [number, number];

  constructor(options: AdaptiveAveragePooling2dOptions) {
    super('adaptiveAveragePooling2d', options, { outputSize: size2d<never>(1) });
    this.outputSize = sizePair(options.outputSize);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch = null, , , channels = null] = onlyShape(inputShape, this.name);
    return [batch, ...this.outputSize, channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor<tf.Rank.R4>(inputs);
      const [, height, width] = x.shape;
      const [outputHeight, outputWidth] = this.outputSize;
      if (outputHeight === 1 && outputWidth === 1) return tf.mean(x, [1, 2], true);
      if (height === outputHeight && width === outputWidth) return x;
      if (height % outputHeight === 0 && width % outputWidth === 0) {
        const window: [number, number] = [height / outputHeight, width / outputWidth];
        return tf.avgPool(x, window, window, 'valid');
      }
      return poolWidth(poolHeight(x, outputHeight), outputWidth);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), outputSize: this.outputSize };
  }
}

/** The matrix [outputs, inputs] that averages bin i from floor(i inputs / outputs) to ceil((i + 1) inputs / outputs). */
function averagingMatrix(inputs: number, outputs: number): tf.Tensor3D {
  const values = new Float32Array(outputs * inputs);
  for (let bin = 0; bin < outputs; bin++) {
    const begin = Math.floor((bin * inputs) / outputs);
    const end = Math.ceil(((bin + 1) * inputs) / outputs);
    values.fill(1 / (end - begin), bin * inputs + begin, bin * inputs + end);
  }
  return tf.tensor3d(values, [1, outputs, inputs]);
}

function poolHeight(x: tf.Tensor4D, output: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  if (height === output) return x;
  const rows = tf.reshape(x, [batch, height, width * channels]);
  return tf.reshape(tf.matMul(averagingMatrix(height, output), rows), [batch, output, width, channels]);
}

function poolWidth(x: tf.Tensor4D, output: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  if (width === output) return x;
  const columns = tf.reshape(x, [batch * height, width, channels]);
  return tf.reshape(tf.matMul(averagingMatrix(width, output), columns), [batch, height, output, channels]);
}

/**
 * Averages any size of feature map to a fixed one, smaller or larger, as PyTorch's AdaptiveAvgPool2d.
 *
 * Input [batch, height, width, channels], height and width known or not; output [batch, ...outputSize, channels].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { adaptiveAveragePooling2d, connect, flatten } from '@cnnzoo/blocks';
 *
 * const y = connect(x, adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 7 }), flatten({ name: 'flatten' }));
 */
export function adaptiveAveragePooling2d(options: AdaptiveAveragePooling2dOptions): AdaptiveAveragePooling2D {
  return new (registered(AdaptiveAveragePooling2D))(options);
}
