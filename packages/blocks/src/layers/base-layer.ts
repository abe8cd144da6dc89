import type * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';

/** Options of every layer. */
export interface LayerOptions {
  /** The layer's name in the model, and its part of a state dict's keys. Default: the class and a number. */
  readonly name?: string;
  /** False for a frozen layer. Default true. */
  readonly trainable?: boolean;
  /** Shape of the input without the batch, for the first layer of a `tf.sequential` model only. */
  readonly inputShape?: readonly (number | null)[];
}

/**
 * What all layers of this package extend. One class between them and tfjs's: bundlers must keep `extends layers.Layer`, because reading
 * a property might do anything, and would keep every layer if each had such a line.
 */
export abstract class BaseLayer extends layers.Layer {
  constructor(options: LayerOptions) {
    super(baseOptions(options));
  }
}

/** The options that tfjs's `Layer` reads, and, of a saved layer, its `batchInputShape` and `dtype`. */
function baseOptions(options: LayerOptions): ConstructorParameters<typeof layers.Layer>[0] {
  const { name, trainable, inputShape } = options;
  const saved = options as { batchInputShape?: Shape; dtype?: tf.DataType };
  return {
    ...(name === undefined ? {} : { name }),
    ...(typeof trainable === 'boolean' ? { trainable } : {}),
    ...(inputShape === undefined || inputShape === null ? {} : { inputShape: [...inputShape] }),
    ...(saved.batchInputShape ? { batchInputShape: saved.batchInputShape } : {}),
    ...(saved.dtype ? { dtype: saved.dtype } : {}),
  };
}
