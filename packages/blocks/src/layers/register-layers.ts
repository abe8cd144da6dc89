import {
  ConstantInitializer,
  RandomInitializer,
  registerNormalDistributions,
} from '../initial-weights/initializers.js';
import { registered } from '../registered.js';
import { AdaptiveAveragePooling2D } from './adaptive-average-pooling-2d.js';
import { AveragePooling2D } from './average-pooling-2d.js';
import { BatchNormalization } from './batch-normalization.js';
import { ContrastNormalization } from './contrast-normalization.js';
import { Conv2D } from './conv2d.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { HighwayGate } from './highway-gate.js';
import { LocalResponseNormalization } from './local-response-normalization.js';
import { MaxPooling2D } from './max-pooling-2d.js';
import { Maxout } from './maxout.js';
import { PRelu } from './prelu.js';
import { SpatialPyramidPooling } from './spatial-pyramid-pooling.js';
import { ZeroPaddedShortcut } from './zero-padded-shortcut.js';

/**
 * Makes tfjs know the layers of this package, so that `tf.loadLayersModel` can read saved models that have them. Every
 * architecture function calls it, and every layer function registers its own layer; only a process that loads a model without building
 * one needs to call it, or imports `@cnnzoo/blocks/register`. Calling it again does nothing.
 * @example
 * import { registerLayers } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * registerLayers();
 * const model = await tfl.loadLayersModel('https://example.com/resnet18/model.json');
 */
export function registerLayers(): void {
  for (const layer of [
    AdaptiveAveragePooling2D,
    AveragePooling2D,
    BatchNormalization,
    ContrastNormalization,
    Conv2D,
    Dense,
    Dropout,
    HighwayGate,
    LocalResponseNormalization,
    MaxPooling2D,
    Maxout,
    PRelu,
    SpatialPyramidPooling,
    ZeroPaddedShortcut,
  ])
    registered(layer);
  for (const initializer of [ConstantInitializer, RandomInitializer]) registered(initializer);
  registerNormalDistributions();
}
