import { availableParallelism } from 'node:os';
import { checkFewOptions, integer, oneOf, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { createBackend } from './create-backend.js';
import type { EngineStats } from './engine/statistics.js';
import { readWinners, tunedFor } from './engine/winners-file.js';
import { kernelTables } from './kernels/index.js';
import { type Device, devices, deviceTraits, missingDevice } from './runtime/device.js';
import { onnxruntimeNode, supportedDevices } from './runtime/onnxruntime-node.js';
import { tryDevice } from './runtime/try-device.js';
import { OnnxBackend } from './tfjs/backend.js';
import { mendComplexMoves } from './tfjs/cpu-fallback.js';
import { improveGradients } from './tfjs/gradients.js';
import { backendName } from './tfjs/kernel.js';
import { registerKernels } from './tfjs/register-kernels.js';

/** The options of `registerOnnxBackend`. */
export interface OnnxBackendOptions {
  /**
   * Where graphs run: the processor ('cpu'), NVIDIA GPUs ('cuda'), any GPU ('webgpu'), Apple's Core ML ('coreml') or DirectML ('dml'). On
   * 'webgpu' tensors stay on the GPU until they are read. Default 'cpu'.
   */
  device?: Device;
  /** Threads of one operator, at least 1. Default: the processors that this process may use. */
  threads?: number;
}

/**
 * Registers the backend `onnx`: tfjs's operations recorded and run as ONNX graphs on onnxruntime, forward and backward. Kernels
 * that it lacks are done by tfjs's cpu backend. Calling it again changes nothing.
 *
 * The environment variable `CNNZOO_ONNX_DUMP` names a folder to which each compiled graph is written as an .onnx file, and
 * `CNNZOO_ONNX_PROFILE` the prefix of the files to which onnxruntime writes a profile of each graph's runs.
 *
 * @param options.device where graphs run
 * @param options.threads threads of one operator
 * @throws RangeError for an unknown device or a number of threads that is not a positive integer
 * @throws Error where the device is missing or does not work, with what was tried and what to install
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
 *
 * registerOnnxBackend({ threads: 2 });
 * await tf.setBackend('onnx');
 */
export function registerOnnxBackend(options: OnnxBackendOptions = {}): void {
  const { device = 'cpu', threads = availableParallelism() } = checkFewOptions<OnnxBackendOptions>(
    'registerOnnxBackend',
    options,
    { device: optional(oneOf(devices)), threads: optional(integer(1)) },
  );
  if (tf.findBackendFactory(backendName) != null) return;
  const runtime = onnxruntimeNode(device);
  if (device !== 'cpu') {
    try {
      tryDevice(runtime);
    } catch (error) {
      throw missingDevice(device, error, supportedDevices());
    }
  }
  registerKernels(kernelTables);
  tf.registerBackend(backendName, () => {
    improveGradients();
    mendComplexMoves();
    const backend = createBackend(runtime, { threads, without: deviceTraits[device].without });
    const { engine } = backend;
    if (device === 'cpu') engine.sessions.winners = readWinners(tunedFor(engine.threads, engine.graphOptions.block));
    return backend;
  });
}

/**
 * What the engine has done so far in this process: compilations, cache hits, nodes, milliseconds spent in tracing, compiling and
 * running, and calls that fell back to tfjs's cpu kernels.
 * @throws Error where the backend `onnx` has not been set yet
 * @example
 * import { engineStats, registerOnnxBackend } from '@cnnzoo/backend-onnx';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * registerOnnxBackend();
 * await tf.setBackend('onnx');
 * console.log(engineStats());
 */
export function engineStats(): Readonly<EngineStats> {
  const backend = tf.engine().registry[backendName];
  if (!(backend instanceof OnnxBackend))
    throw new Error(
      "engineStats: the backend 'onnx' is not in use: call registerOnnxBackend() and await tf.setBackend('onnx')",
    );
  return structuredClone(backend.engine.stats);
}

/** The backend `onnx`, which is registered and made where it is not there yet. */
export function onnxBackend(): OnnxBackend {
  registerOnnxBackend();
  const backend = tf.findBackend(backendName);
  if (!(backend instanceof OnnxBackend)) throw new Error("another backend is registered under the name 'onnx'");
  return backend;
}
