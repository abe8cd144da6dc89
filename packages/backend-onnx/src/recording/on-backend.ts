import * as tf from '@tensorflow/tfjs-core';
import { backendName } from '../tfjs/kernel.js';

/** Runs something with tfjs on the backend `onnx`, which is registered, and puts back the one that was in use. */
export function onBackend<T>(run: () => T): T {
  const before = tf.getBackend();
  if (before === backendName) return run();
  // Promises by their type only: nothing waits for a backend that is there.
  void tf.setBackend(backendName);
  try {
    return run();
  } finally {
    void tf.setBackend(before);
  }
}
