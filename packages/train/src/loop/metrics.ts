import { check, tensor } from '@cnnzoo/checks';
import type * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch.js';

/** A figure of the main head besides loss and accuracy: labels, logits [count, classes], and back a scalar, the mean over the images. */
export type Metric = (labels: Batch['labels'], logits: tf.Tensor2D) => tf.Scalar;

export type Metrics = Readonly<Record<string, Metric>>;

/** What metrics give. */
const scalarRule = tensor<tf.Scalar>('a scalar tensor', ({ shape }) => shape.length === 0);

/** The values of all metrics, in their order. */
export function computeMetrics(metrics: Metrics, labels: Batch['labels'], logits: tf.Tensor2D): tf.Scalar[] {
  return Object.entries(metrics).map(([name, metric]) =>
    check(`what metric '${name}' gives`, metric(labels, logits), scalarRule),
  );
}

/** Values in the order of the metrics, by name. */
export function namedMetrics(metrics: Metrics, values: readonly number[]): Record<string, number> {
  return Object.fromEntries(Object.keys(metrics).map((name, i) => [name, values[i] ?? Number.NaN]));
}
