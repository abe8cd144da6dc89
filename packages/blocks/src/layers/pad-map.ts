import * as tf from '@tensorflow/tfjs-core';

interface Margins {
  readonly before: number;
  readonly after: number;
}

/** `x` [batch, height, width, channels] with `value` around height and width; `x` itself where there is nothing to add. */
export function padMap(x: tf.Tensor4D, vertical: Margins, horizontal: Margins, value: number): tf.Tensor4D {
  if (vertical.before + vertical.after + horizontal.before + horizontal.after === 0) return x;
  return tf.pad(
    x,
    [
      [0, 0],
      [vertical.before, vertical.after],
      [horizontal.before, horizontal.after],
      [0, 0],
    ],
    value,
  );
}
