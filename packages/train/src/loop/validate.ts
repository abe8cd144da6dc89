import { topKAccuracy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Loss, logitsOf } from './backward.js';
import type { Loader } from './batch.js';
import { checkBatch } from './check-batch.js';
import type { Score } from './history.js';
import { computeMetrics, type Metrics, namedMetrics } from './metrics.js';
import { addMetrics, meanMetrics } from './run-state.js';
import { readAndDispose } from './training-step.js';

/**
 * Loss and accuracy of the main head over one epoch of a loader, or null where `stopped` said so in between.
 */
export async function validate(
  model: LayersModel,
  loader: Loader,
  loss: Loss,
  metrics: Metrics,
  stopped: () => boolean,
): Promise<Score | null> {
  let lossSum = 0;
  let correct = 0;
  let metricSums: Record<string, number> = {};
  let count = 0;
  for await (const batch of loader.epoch(0)) {
    try {
      if (stopped()) return null;
      await checkBatch(model, batch, 'validation');
      const size = batch.images.shape[0];
      const measures = tf.tidy(() => {
        const [main] = logitsOf(model, batch.images, false);
        const { labels } = batch;
        return tf.stack([loss(labels, main), topKAccuracy(labels, main), ...computeMetrics(metrics, labels, main)]);
      });
      const [batchLoss = Number.NaN, accuracy = 0, ...values] = await readAndDispose(measures);
      lossSum += batchLoss * size;
      correct += Math.round(accuracy * size);
      metricSums = addMetrics(metricSums, namedMetrics(metrics, values), size);
      count += size;
    } finally {
      tf.dispose([batch.images, batch.labels]);
    }
    // Lets signals and timers in.
    await tf.nextFrame();
  }
  if (count === 0) throw new RangeError('validation must have at least one batch, got none');
  return { loss: lossSum / count, accuracy: correct / count, metrics: meanMetrics(metricSums, count) };
}
