import { auxiliaryLoss, topKAccuracy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import type { Batch } from './batch.js';
import { clipGradients, type GradientClipping, gradientNorm } from './gradient-clipping.js';
import { variableGradients } from './gradients.js';
import { computeMetrics, type Metrics, namedMetrics } from './metrics.js';
import { addMetrics } from './run-state.js';

/** The loss of one head: labels, logits [count, classes], and back a scalar, the mean over the images. */
export type Loss = (labels: Batch['labels'], logits: tf.Tensor2D) => tf.Scalar;

interface StepOptions {
  readonly loss: Loss;
  readonly auxiliaryWeight: number;
  readonly clipping: GradientClipping;
  readonly metrics: Metrics;
  /** Called after the update, before anything is read. */
  readonly afterUpdate: () => void;
}

/** What a step measured, read from the backend. */
interface StepMeasures {
  readonly loss: number;
  /** Images whose class had the largest logit. */
  readonly correct: number;
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * One update of the weights: forward, loss of all heads and the model's regularizers, backward, clipping, optimizer. Several
 * batches are one step in parts: their gradients are averaged, weighted by their images, and memory is needed for one at a time.
 *
 * Nothing is read from the backend until the end, and then all at once: on a backend that records and runs later the whole step,
 * updates included, is one graph.
 */
export async function trainingStep(
  model: LayersModel,
  optimizer: StatefulOptimizer,
  batches: readonly Batch[],
  options: StepOptions,
): Promise<StepMeasures> {
  const variables = trainableVariables(model);
  const total = batches.reduce((sum, { images }) => sum + images.shape[0], 0);
  let loss = 0;
  let correct = 0;
  let metrics: Record<string, number> = {};
  let norm = Number.NaN;
  let sums: tf.NamedTensorMap = {};
  try {
    for (const [part, batch] of batches.entries()) {
      const last = part === batches.length - 1;
      const count = batch.images.shape[0];
      const share = count / total;
      const { measures, gradients } = tf.tidy(() => {
        const { gradients, measures } = backward(model, variables, batch, options);
        const added = addGradients(sums, gradients, share);
        if (!last)
          return { measures: tf.stack([tf.scalar(0), ...measures]), gradients: added as tf.TensorContainerObject };
        const norm = gradientNorm(Object.values(added));
        optimizer.applyGradients(clipGradients(added, norm, options.clipping));
        options.afterUpdate();
        return { measures: tf.stack([norm, ...measures]), gradients: {} };
      });
      tf.dispose(sums);
      sums = gradients as tf.NamedTensorMap;
      const [partNorm = Number.NaN, partLoss = Number.NaN, accuracy = 0, ...values] = await readAndDispose(measures);
      norm = partNorm;
      loss += partLoss * share;
      correct += Math.round(accuracy * count);
      metrics = addMetrics(metrics, namedMetrics(options.metrics, values), share);
    }
  } finally {
    // Of the parts so far, where a later one fails.
    tf.dispose(sums);
  }
  return { loss, correct, gradientNorm: norm, metrics };
}

/** The values of a tensor, which is disposed even where they cannot be read. */
export async function readAndDispose(tensor: tf.Tensor): Promise<ArrayLike<number> & Iterable<number>> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
  }
}

/** Gradients of the loss, and the loss, the accuracy and the metrics as scalars. */
function backward(
  model: LayersModel,
  variables: tf.Variable[],
  { images, labels }: Batch,
  { loss, auxiliaryWeight, metrics }: StepOptions,
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
function trainableVariables(model: LayersModel): tf.Variable[] {
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

function addGradients(sums: tf.NamedTensorMap, gradients: tf.NamedTensorMap, share: number): tf.NamedTensorMap {
  if (share === 1) return gradients;
  const factor = tf.scalar(share);
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => {
      const part = tf.mul(gradient, factor);
      const sum = sums[name];
      return [name, sum === undefined ? part : tf.add(sum, part)];
    }),
  );
}
