/** What max and average pooling share: where their windows are. */

import { boolean, type OptionRules, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import type * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { onlyShape } from './layer-arguments.js';
import { type AxisWindow, type LayerPadding, outputSize, paddingPair, paddingRule, type Windows } from './window.js';

export interface Pooling2dOptions extends LayerOptions {
  readonly poolSize: Size2d;
  /** Default: `poolSize`. */
  readonly stride?: Size2d;
  /** At most half of `poolSize`; 'same' and 'valid' as in TensorFlow. Default 0. */
  readonly padding?: LayerPadding;
  /** Round the output size up: the last window may reach over the edge. Default false. */
  readonly ceilMode?: boolean;
}

export const poolingRules: OptionRules<Omit<Pooling2dOptions, keyof LayerOptions>> = {
  poolSize: /* @__PURE__ */ size2d<never>(1),
  stride: /* @__PURE__ */ optional(/* @__PURE__ */ size2d<never>(1)),
  padding: /* @__PURE__ */ optional(paddingRule),
  ceilMode: /* @__PURE__ */ optional(boolean),
};

/** A pooling layer without its operation. */
export abstract class Pooling2D<Options extends Pooling2dOptions = Pooling2dOptions> extends BaseLayer<Options> {
  readonly poolSize: [number, number];
  readonly stride: [number, number];
  readonly padding: LayerPadding;
  readonly ceilMode: boolean;
  protected readonly windows: Windows;

  constructor(kind: string, options: Options, rules: OptionRules<Omit<Options, keyof LayerOptions>>) {
    super(kind, options, rules);
    this.poolSize = sizePair(options.poolSize);
    this.stride = sizePair(options.stride ?? this.poolSize);
    this.padding = options.padding ?? 0;
    this.ceilMode = options.ceilMode ?? false;
    const paddings = paddingPair(this.padding);
    const window = (axis: 0 | 1): AxisWindow => {
      const [padding, kernel] = [paddings[axis], this.poolSize[axis]];
      if (typeof padding === 'number' && 2 * padding > kernel)
        throw new RangeError(`padding must be at most half of poolSize, which is ${kernel}, got ${padding}`);
      return { kernel, stride: this.stride[axis], dilation: 1, padding, ceilMode: this.ceilMode };
    };
    this.windows = [window(0), window(1)];
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shape = onlyShape(inputShape, this.name);
    return [shape[0] ?? null, ...outputSize(shape, this.windows, this.name), shape[3] ?? null];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      poolSize: this.poolSize,
      stride: this.stride,
      padding: this.padding as tf.serialization.ConfigDictValue,
      ceilMode: this.ceilMode,
    };
  }
}
