import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import { type BackwardOptions, backward, trainableVariables } from './backward.js';
import type { Batch } from './batch.js';
import { clipGradients, type GradientClipping, gradientNorm } from './gradient-clipping.js';
import { namedMetrics } from './metrics.js';
import { backwardInParts, disposeParts, mergeParts, type PartResult } from './parts.js';
import type { Replicas } from './replicas.js';
import { addMetrics } from './run-state.js';

interface StepOptions extends BackwardOptions {
  readonly clipping: GradientClipping;
  /** Computes each batch in parts at the same time; null where there are none. */
  readonly replicas: Replicas | null;
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
 * batches are one step: their gradients are averaged, weighted by their images, and memory is needed for one at a time.
 *
 * Nothing is read from the backend until the end, and then all at once: on a backend that records and runs later the whole step,
 * updates included, is one graph. With replicas each part of a batch is one, and the sums and updates are another.
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
  let parts: PartResult[] = [];
  const { replicas } = options;
  try {
    for (const [index, batch] of batches.entries()) {
      const last = index === batches.length - 1;
      const count = batch.images.shape[0];
      const share = count / total;
      if (replicas !== null) parts = await backwardInParts(model, variables, batch, options, replicas);
      const { measures, gradients } = tf.tidy(() => {
        const { gradients, measures } =
          replicas === null ? backward(model, variables, batch, options) : mergeParts(parts);
        const added = addGradients(sums, gradients, share);
        if (!last)
          return { measures: tf.stack([tf.scalar(0), ...measures]), gradients: added as tf.TensorContainerObject };
        const norm = gradientNorm(Object.values(added));
        optimizer.applyGradients(clipGradients(added, norm, options.clipping));
        options.afterUpdate();
        return { measures: tf.stack([norm, ...measures]), gradients: {} };
      });
      disposeParts(parts);
      parts = [];
      tf.dispose(sums);
      sums = gradients as tf.NamedTensorMap;
      const [batchNorm = Number.NaN, batchLoss = Number.NaN, accuracy = 0, ...values] = await readAndDispose(measures);
      norm = batchNorm;
      loss += batchLoss * share;
      correct += Math.round(accuracy * count);
      metrics = addMetrics(metrics, namedMetrics(options.metrics, values), share);
    }
  } finally {
    // Of the batches so far, where a later one fails.
    tf.dispose(sums);
    disposeParts(parts);
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

/** New tensors: the sums are the caller's. A batch that leaves a weight out, as where a layer is skipped, has no gradient of it. */
function addGradients(sums: tf.NamedTensorMap, gradients: tf.NamedTensorMap, share: number): tf.NamedTensorMap {
  if (share === 1) return gradients;
  const factor = tf.scalar(share);
  const added = new Map(Object.entries(sums).map(([name, sum]) => [name, tf.clone(sum)]));
  for (const [name, gradient] of Object.entries(gradients)) {
    const term = tf.mul(gradient, factor);
    const sum = added.get(name);
    added.set(name, sum === undefined ? term : tf.add(sum, term));
  }
  return Object.fromEntries(added);
}
