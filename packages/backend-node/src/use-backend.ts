import * as tf from '@tensorflow/tfjs-core';
import { type EngineName, trialOrder } from './engine-name.js';
import { engineRequest, type UseBackendOptions } from './engine-options.js';
import { type RejectedEngine, selectEngine } from './select-engine.js';

/** What `useBackend()` has chosen. */
export interface ChosenBackend {
  /** tfjs's name of the backend that is set now: `onnx`, `tensorflow`, `wasm` or `cpu`. */
  readonly backend: string;
  /** Which engine that is, with its device. */
  readonly engine: EngineName;
  /** The name of the GPU or processor that it computes on. */
  readonly device: string;
  /** Engines that come before it, why they are not used, and what would change that. */
  readonly rejected: readonly RejectedEngine[];
}

/**
 * Sets the fastest backend that works on this machine, and says which one that is. Engines are tried in this order: tfjs-node-gpu
 * (where the app installed it, on an NVIDIA GPU), onnx-cuda, onnx-webgpu (on a real GPU), onnx-cpu, tfjs-node, wasm, cpu. Each must
 * compute a small convolution right, and for training its gradients; those that might crash do so in a process of their own.
 *
 * Call it before anything is computed: tensors that exist stay with the backend that made them.
 *
 * @param options.prefer engine to try first; `onnx` for the best of that engine's devices. Default: CNNZOO_BACKEND
 * @param options.purpose 'training' (default) or 'inference'
 * @param options.threads threads of one operator, at least 1. Default: CNNZOO_THREADS, else the processors of this container
 * @param options.loaderWorkers worker threads of a data loader beside it, so that they do not compete
 * @param options.gpuMemoryGrowth false lets tfjs-node-gpu take the whole memory of the GPU at once
 * @returns what was chosen, and why those before it were not
 * @throws RangeError for an unknown engine or a number of threads that is not a positive integer
 * @throws Error where no engine works
 * @example
 * import { useBackend } from '@cnnzoo/backend-node';
 *
 * const { engine, device, rejected } = await useBackend();
 * console.log(`computing with ${engine} on ${device}`);
 * for (const { engine, reason, remedy } of rejected) console.log(`not ${engine}: ${reason}; ${remedy}`);
 */
export async function useBackend(options: UseBackendOptions = {}): Promise<ChosenBackend> {
  const { preference, purpose, settings } = engineRequest(options);
  const { engine, device, rejected } = await selectEngine(trialOrder(preference), purpose, settings);
  if (!(await tf.setBackend(engine.backend)))
    throw new Error(`useBackend: tfjs could not set the backend '${engine.backend}'`);
  return { backend: engine.backend, engine: engine.name, device, rejected };
}
