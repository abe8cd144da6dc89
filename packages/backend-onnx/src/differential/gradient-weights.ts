import * as tf from '@tensorflow/tfjs-core';

/** What a result's elements count in the sum whose gradient is compared: they differ, because a plain sum would hide mistakes. */
export function weightsOf(shape: readonly number[]): tf.Tensor {
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => ((i * 37) % 19) / 19 - 0.4),
    [...shape],
  );
}
