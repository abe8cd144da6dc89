import * as tf from '@tensorflow/tfjs-core';

/**
 * `tf.variableGrads`, which also lets go of what it recorded where `loss` throws. tfjs keeps all activations for a backward pass that then
 * never comes: whoever catches an error for want of memory and takes a smaller batch would keep the larger one, too.
 */
export function variableGradients(
  loss: () => tf.Scalar,
  variables: tf.Variable[],
): ReturnType<typeof tf.variableGrads> {
  try {
    return tf.variableGrads(loss, variables);
  } catch (error) {
    dropTape();
    // tfjs's words for it are of minimize().
    if (error instanceof Error && error.message.startsWith('Cannot find a connection'))
      throw new RangeError("loss must depend on the network's outputs: it has no gradient with regard to any weight", {
        cause: error,
      });
    throw error;
  }
}

/** Disposes what the tape saved, unless an outer gradient still needs it. */
function dropTape(): void {
  // tfjs declares the tape as never null, but it is between two backward passes.
  const { state }: { state: { gradientDepth: number; activeTape: { saved?: tf.Tensor[] }[] | null } } = tf.engine();
  if (state.gradientDepth > 0 || state.activeTape === null) return;
  for (const { saved = [] } of state.activeTape) tf.dispose(saved);
  state.activeTape = null;
}
