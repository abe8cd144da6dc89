import * as tf from '@tensorflow/tfjs-core';
import { AdaptiveAveragePooling2D } from './adaptive-average-pooling-2d.js';
import { AveragePooling2D } from './average-pooling-2d.js';
import { BatchNormalization } from './batch-normalization.js';
import { Conv2D } from './conv2d.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { ConstantInitializer, RandomInitializer } from '../initial-weights/initializers.js';
import { LocalResponseNormalization } from './local-response-normalization.js';
import { MaxPooling2D } from './max-pooling-2d.js';
import { ZeroPaddedShortcut } from './zero-padded-shortcut.js';

let registered = false;

/**
 * Makes tfjs know the layers of this package, so that `tf.loadLayersModel` can read saved models that have them. Every layer and
 * architecture function calls it; only a process that loads a model without building one needs to, or imports
 * `@cnnzoo/blocks/register`. Calling it again does nothing.
 * @example
 * import { registerLayers } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * registerLayers();
 * const model = await tfl.loadLayersModel('https://example.com/resnet18/model.json');
 */
export function registerLayers(): void {
  if (registered) return;
  registered = true;
  for (const layer of [
    AdaptiveAveragePooling2D,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    LocalResponseNormalization,
    MaxPooling2D,
    ZeroPaddedShortcut,
  ])
    tf.serialization.registerClass(layer);
  for (const initializer of [ConstantInitializer, RandomInitializer]) tf.serialization.registerClass(initializer);
}
