/**
 * Better gradients for three of tfjs's kernels, used while the backend `onnx` is. tfjs's own are right and stay for the others, but
 * they write arrays of ones as large as the activations in JavaScript at each step (Sum, Mean), and take two dozen passes over
 * the activations (FusedBatchNorm).
 */

import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { backendName } from './kernel.js';

type Gradient = GradConfig['gradFunc'];

/** dy, one value for each reduced group, spread over x, and how many values a group has. */
function spread(
  dy: Tensor,
  x: Tensor,
  attributes: NamedAttrMap,
): { spread: (scaled: Tensor) => Tensor; dy: Tensor; size: number } {
  const axes = tf.util.parseAxisParam(attributes['axis'] as number[], x.shape);
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const size = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  const over = (scaled: Tensor) => (x.size === 0 ? tf.zeros(x.shape) : tf.broadcastTo(scaled, x.shape));
  return { dy: tf.reshape(tf.cast(dy, 'float32'), kept), spread: over, size };
}

const sum: Gradient = (dy, saved, attributes) => ({
  x: () => {
    const { dy: kept, spread: over } = spread(dy as Tensor, saved[0] as Tensor, attributes);
    return over(kept);
  },
});

const mean: Gradient = (dy, saved, attributes) => ({
  x: () => {
    const { dy: kept, spread: over, size } = spread(dy as Tensor, saved[0] as Tensor, attributes);
    return over(tf.div(kept, size));
  },
});

/**
 * y = (x - mean) r scale + offset, r = 1 / sqrt(variance + epsilon); sums are over all but the channels.
 *
 *   d offset = sum dy, d scale = r sum dy (x - mean), d mean = - scale r sum dy
 *   d variance = - scale r^3 / 2 sum dy (x - mean), dx = scale r dy
 */
const batchNorm: Gradient = (dyOrList, saved, attributes) => {
  const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor | undefined];
  const dy = dyOrList as Tensor;
  const r = tf.rsqrt(tf.add(variance, attributes['varianceEpsilon'] as number));
  const factor = scale == null ? r : tf.mul(scale, r);
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const sumDy = tf.sum(dy, axes);
  const sumDyCentered = tf.sum(tf.mul(dy, tf.sub(x, mean)), axes);
  return {
    x: () => tf.mul(dy, factor),
    mean: () => tf.neg(tf.mul(factor, sumDy)),
    variance: () => tf.mul(tf.mul(tf.mul(factor, tf.square(r)), -0.5), sumDyCentered),
    scale: () => tf.mul(r, sumDyCentered),
    offset: () => sumDy,
  };
};

/** Whether the statistics are one number a channel, as `batchNorm` wants them. */
const perChannel: Applies = (saved) => saved[1]?.shape.length === 1;
type Applies = (saved: readonly Tensor[]) => boolean;

const better: readonly { kernelName: string; gradient: Gradient; applies: Applies }[] = [
  { kernelName: 'Sum', gradient: sum, applies: () => true },
  { kernelName: 'Mean', gradient: mean, applies: () => true },
  { kernelName: 'FusedBatchNorm', gradient: batchNorm, applies: perChannel },
];

const replaced = new WeakSet<Gradient>();

/** Puts the better gradients in place of tfjs's; where there are none yet, because tfjs-layers is not imported, nothing is done. */
export function improveGradients(): void {
  for (const { kernelName, gradient, applies } of better) {
    const original = tf.getGradient(kernelName);
    if (original == null || replaced.has(original.gradFunc)) continue;
    const gradFunc: Gradient = (dy, saved, attributes) =>
      tf.getBackend() === backendName && applies(saved)
        ? gradient(dy, saved, attributes)
        : original.gradFunc(dy, saved, attributes);
    replaced.add(gradFunc);
    tf.unregisterGradient(kernelName);
    tf.registerGradient({ ...original, gradFunc });
  }
}
