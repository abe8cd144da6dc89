import { optional, positive } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `contrastNormalization`. */
export interface ContrastNormalizationOptions extends LayerOptions {
  /** The norm of each image. Default 55, as in the papers on CIFAR. */
  readonly scale?: number;
}

/** The layer that `contrastNormalization` makes. */
export class ContrastNormalization extends BaseLayer<ContrastNormalizationOptions> {
  static readonly className = 'CnnzooContrastNormalization';
  readonly scale: number;

  constructor(options: ContrastNormalizationOptions = {}) {
    super('contrastNormalization', options, { scale: optional(positive) });
    this.scale = options.scale ?? 55;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape, this.name, [4], '[batch, height, width, channels]');
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const x = onlyTensor(inputs);
      const axes = [1, 2, 3];
      const centered = tf.sub(x, tf.mean(x, axes, true));
      const norm = tf.sqrt(tf.maximum(tf.sum(tf.square(centered), axes, true), smallestNorm ** 4));
      // As the transform of @cnnzoo/transforms: an image of one colour stays, minus its mean. A step has a gradient, a comparison has none in tfjs.
      const isLarge = tf.step(tf.sub(norm, smallestNorm));
      const divisor = tf.add(tf.mul(isLarge, norm), tf.mul(tf.sub(1, isLarge), this.scale));
      return tf.div(tf.mul(centered, this.scale), divisor);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), scale: this.scale };
  }
}

const smallestNorm = 1e-4;

/**
 * Global contrast normalization as a layer: each image minus its mean over all pixels and channels, divided by its norm, times `scale`. The
 * transform `globalContrastNormalization` of `@cnnzoo/transforms` does the same to an image.
 *
 * Input and output [batch, height, width, channels], the input from 0 to 1.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, contrastNormalization, conv2d } from '@cnnzoo/blocks';
 *
 * const y = connect(x, contrastNormalization(), conv2d({ name: 'conv1', filters: 96, kernelSize: 3, padding: 1 }));
 */
export function contrastNormalization(options: ContrastNormalizationOptions = {}): ContrastNormalization {
  return new (registered(ContrastNormalization))(options);
}
