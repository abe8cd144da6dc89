import { callable, check, checkOptions, layersModel, number, type OptionRules, optional, rule } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { mapOf } from '../map-of.js';
import { numbersRule, optimizerRule, type StatefulOptimizer, type StepNumbers } from '../optimizers/optimizer.js';
import { backward, defaultAuxiliaryWeight, type Loss, lossOf, trainableVariables } from './backward.js';
import type { Batch } from './batch.js';
import { checkShapes } from './check-batch.js';
import { clipGradients, clippingRule, type GradientClipping, gradientNorm } from './gradient-clipping.js';
import type { Metric, Metrics } from './metrics.js';

/** The options of `updateWeights`, as `train` has them. */
export interface UpdateOptions {
  /** Loss of one head. Default: cross-entropy on logits, smoothed by `labelSmoothing`. */
  readonly loss?: Loss;
  /** For the default loss, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
  /** How much the loss of each auxiliary head counts. Default 0.3. */
  readonly auxiliaryWeight?: number;
  /** Limits of the gradients. Default: none. */
  readonly clipping?: GradientClipping;
  /** Further figures of the main head. */
  readonly metrics?: Metrics;
  /** The step's learning rate and count of updates as tensors, for a step that is recorded as a graph. Default: the optimizer's own. */
  readonly numbers?: StepNumbers;
}

/** What an update measured: scalars, the caller's to dispose. */
export interface UpdateMeasures extends tf.TensorContainerObject {
  readonly loss: tf.Scalar;
  /** The share of images whose class had the largest logit. */
  readonly accuracy: tf.Scalar;
  /** L2 over all gradients, before clipping. */
  readonly gradientNorm: tf.Scalar;
  readonly metrics: Record<string, tf.Scalar>;
}

const updateRules: OptionRules<UpdateOptions> = {
  loss: optional(callable<Loss>('a function of labels and logits')),
  labelSmoothing: optional(number(0, 1)),
  auxiliaryWeight: optional(number(0)),
  clipping: optional(clippingRule),
  metrics: optional(mapOf(callable<Metric>('a function of labels and logits'))),
  numbers: numbersRule,
};

const batchRule = rule<Batch>(
  'a batch: { images, labels }',
  (value) => typeof value === 'object' && value !== null && 'images' in value && 'labels' in value,
);

/**
 * One step of `train` alone, for a loop of your own: forward, loss of all heads and the model's regularizers, backward, clipping, optimizer.
 * Nothing is read from the backend.
 *
 * @param model a layers model with one input; its first output are the logits [count, classes], others are auxiliary heads
 * @param optimizer one of this package
 * @param batch images [count, height, width, channels] and labels, which stay the caller's to dispose
 * @returns loss, accuracy, norm of the gradients and metrics as scalars
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { sgd, updateWeights } from '@cnnzoo/train';
 *
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 * for await (const batch of loader.epoch(0)) {
 *   const { loss } = updateWeights(model, optimizer, batch, { labelSmoothing: 0.1 });
 *   console.log(await loss.data());
 * }
 */
export function updateWeights(
  model: LayersModel,
  optimizer: StatefulOptimizer,
  batch: Batch,
  options: UpdateOptions = {},
): UpdateMeasures {
  check('model', model, layersModel<LayersModel>());
  check('optimizer', optimizer, optimizerRule);
  checkShapes(model, check('batch', batch, batchRule), 'batch');
  const {
    auxiliaryWeight = defaultAuxiliaryWeight,
    clipping = {},
    metrics = {},
    numbers,
  } = checkOptions('updateWeights', options, updateRules);
  return tf.tidy(() => {
    const variables = trainableVariables(model);
    const { gradients, measures } = backward(model, variables, batch, {
      loss: lossOf(options),
      auxiliaryWeight,
      metrics,
    });
    const norm = gradientNorm(Object.values(gradients));
    optimizer.applyGradients(clipGradients(gradients, norm, clipping), numbers);
    const [loss, accuracy, ...others] = measures;
    if (loss === undefined || accuracy === undefined) throw new Error('a step measures loss and accuracy');
    const named = Object.keys(metrics).flatMap((name, i) => {
      const value = others[i];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { loss, accuracy, gradientNorm: norm, metrics: Object.fromEntries(named) };
  });
}
