import * as tf from '@tensorflow/tfjs-core';
import { runsInNode } from '../runs-in-node.js';

/**
 * Makes sure that tfjs has a backend: in Node the fastest engine that works on this machine, elsewhere tfjs's own for the processor. One
 * that the program has chosen stays.
 */
export async function ensureBackend(): Promise<void> {
  if (Object.keys(tf.engine().registryFactory).length === 0) {
    if (runsInNode()) await (await import('@cnnzoo/backend-node')).useBackend();
    else await import('@tensorflow/tfjs-backend-cpu');
  }
  await tf.ready();
}
