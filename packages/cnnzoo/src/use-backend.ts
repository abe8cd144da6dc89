import { runsInNode } from '@cnnzoo/files';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes sure that tfjs has a backend: in Node the fastest engine that works on this machine, in a page WebGL, or the processor where there is none. One that the
 * program has chosen stays. What this package loads or trains calls it; a program calls it before it makes tensors or a network of its own.
 * @returns the backend's name, such as 'onnx' or 'webgl'
 * @throws Error where no backend works
 * @example
 * import { createModel, useBackend } from 'cnnzoo';
 *
 * await useBackend();
 * const model = createModel('lenet5');
 */
export async function useBackend(): Promise<string> {
  if (!hasChosen()) {
    if (runsInNode()) await (await import('@cnnzoo/backend-node')).useBackend();
    // tfjs takes the best of them that starts.
    else await Promise.all([import('@tensorflow/tfjs-backend-webgl'), import('@tensorflow/tfjs-backend-cpu')]);
  }
  await tf.ready();
  return tf.getBackend();
}

/** In Node, packages import tfjs's cpu backend to fall back to: as long as it is registered and not in use, nobody has chosen it. */
function hasChosen(): boolean {
  const { backendName, registryFactory } = tf.engine();
  const names = Object.keys(registryFactory);
  return runsInNode() ? backendName != null || names.some((name) => name !== 'cpu') : names.length > 0;
}
