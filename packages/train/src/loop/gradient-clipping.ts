import { optional, positive, record } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';

/** Limits of gradients; without one they are used as they are. */
export interface GradientClipping {
  /** Largest L2 norm of all gradients together: longer ones are scaled down. Inception-v3 used 2.0. */
  readonly norm?: number;
  /** Largest absolute value of each element. */
  readonly value?: number;
}

export const clippingRule = record<GradientClipping>({ norm: optional(positive), value: optional(positive) });

/** sqrt of the sum of all elements' squares. */
export function gradientNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(gradients.map((gradient) => sumInTwoSteps(tf.square(gradient))))));
}

/**
 * Along the last axis first: one float32 sum over the hundred million elements of VGG's first dense layer is off by 1 %, because
 * it loses what it adds at the end.
 */
function sumInTwoSteps(x: tf.Tensor): tf.Scalar {
  return tf.sum(x.rank > 1 ? tf.sum(x, -1) : x);
}

/**
 * Gradients within the limits, as PyTorch's `clip_grad_norm_` and then `clip_grad_value_`.
 *
 *   g = g * min(1, norm / (|g| + 1e-6))
 */
export function clipGradients(
  gradients: tf.NamedTensorMap,
  actualNorm: tf.Scalar,
  { norm, value }: GradientClipping,
): tf.NamedTensorMap {
  if (norm === undefined && value === undefined) return gradients;
  const scale = norm === undefined ? null : tf.minimum(1, tf.div(norm, tf.add(actualNorm, 1e-6)));
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => {
      const scaled = scale === null ? gradient : tf.mul(gradient, scale);
      return [name, value === undefined ? scaled : tf.clipByValue(scaled, -value, value)];
    }),
  );
}
