/** The backward pass of one batch: gradients of the loss of all heads and the regularizers, and what is measured on the way. */
import { auxiliaryLoss, crossEntropy, topKAccuracy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from './batch.js';
import { variableGradients } from './gradients.js';
import { computeMetrics, type Metrics } from './metrics.js';

/** The loss of one head: labels, logits [count, classes], and back a scalar, the mean over the images. */
export type Loss = (labels: Batch['labels'], logits: tf.Tensor2D) => tf.Scalar;

/** The weight of each auxiliary head where nobody says it: GoogLeNet's. */
export const defaultAuxiliaryWeight = 0.3;

/** The loss that options ask for: their own, or cross-entropy with their smoothing. */
export function lossOf({ loss, labelSmoothing = 0 }: { readonly loss?: Loss; readonly labelSmoothing?: number }): Loss {
  return loss ?? ((labels, logits) => crossEntropy(labels, logits, { labelSmoothing }));
}

export interface BackwardOptions {
  readonly loss: Loss;
  readonly auxiliaryWeight: number;
  readonly metrics: Metrics;
}

/** Gradients of the loss, and the loss, the accuracy and the metrics as scalars. */
export function backward(
  model: LayersModel,
  variables: tf.Variable[],
  { images, labels }: Batch,
  { loss, auxiliaryWeight, metrics }: BackwardOptions,
): { gradients: tf.NamedTensorMap; measures: tf.Scalar[] } {
  // Kept, because what is computed within variableGrads is disposed with it.
  const kept: tf.Scalar[] = [];
  try {
    const { value, grads } = variableGradients(() => {
      const outputs = logitsOf(model, images, true);
      const [main] = outputs;
      const total = model.calculateLosses().reduce<tf.Scalar>(
        (sum, term) => tf.add(sum, term),
        auxiliaryLoss(outputs, (logits) => loss(labels, logits), auxiliaryWeight),
      );
      for (const measure of [topKAccuracy(labels, main), ...computeMetrics(metrics, labels, main)])
        kept.push(tf.keep(tf.clone(measure)));
      return total;
    }, variables);
    return { gradients: grads, measures: [value, ...kept.map((scalar): tf.Scalar => tf.clone(scalar))] };
  } finally {
    tf.dispose(kept);
  }
}

/** What the optimizer updates: the weights of layers that are not frozen. */
export function trainableVariables(model: LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** The logits of all heads, the main one first. */
export function logitsOf(
  model: LayersModel,
  images: tf.Tensor4D,
  training: boolean,
): readonly [tf.Tensor2D, ...tf.Tensor2D[]] {
  const outputs = model.apply(images, { training });
  return (Array.isArray(outputs) ? outputs : [outputs]) as [tf.Tensor2D, ...tf.Tensor2D[]];
}
