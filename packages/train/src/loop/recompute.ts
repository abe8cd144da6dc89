import * as tf from '@tensorflow/tfjs-core';

/** A flag of the backend `onnx`: whether a training step's backward pass computes activations again instead of keeping all of them. */
const flag = 'ONNX_RECOMPUTE';

/** Trainings that want it at the moment. */
let active = 0;

/** @throws TypeError where the backend keeps all activations whatever one asks for */
export function requireRecompute(): void {
  if ((tf.backend() as { readonly canRecompute?: boolean }).canRecompute !== true)
    throw new TypeError(
      `recompute: the backend '${tf.getBackend()}' keeps all activations; use 'onnx' of @cnnzoo/backend-onnx on the processor, or leave recompute out`,
    );
}

// Repeated in @cnnzoo/evaluate, for another flag: neither package uses the other, and five lines are not worth a third.
/** Does work whose training steps compute activations again. */
export async function withRecompute<Result>(work: () => Promise<Result>): Promise<Result> {
  active++;
  tf.env().set(flag, true);
  try {
    return await work();
  } finally {
    active--;
    if (active === 0) tf.env().set(flag, false);
  }
}
