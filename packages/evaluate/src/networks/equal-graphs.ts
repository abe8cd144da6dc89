import * as tf from '@tensorflow/tfjs-core';

/**
 * Of the backend `onnx`: whether it makes weights constants of a graph that has run a few times, which rounds otherwise. Another backend does not have it.
 */
const flag = 'ONNX_CONSTANT_WEIGHTS';

/** Evaluations that need it off at the moment. */
let active = 0;

/**
 * Does work in which an image's result does not depend on how many were computed before it: parts that are computed by themselves are then those of the
 * whole, to the last bit. Takes longer with the backend `onnx`.
 */
export async function withEqualGraphs<Result>(work: () => Promise<Result>): Promise<Result> {
  if (!hasFlag()) return work();
  active++;
  tf.env().set(flag, false);
  try {
    return await work();
  } finally {
    active--;
    if (active === 0) tf.env().set(flag, true);
  }
}

/** Only asking shows whether tfjs knows a flag. */
function hasFlag(): boolean {
  try {
    tf.env().get(flag);
    return true;
  } catch {
    return false;
  }
}
