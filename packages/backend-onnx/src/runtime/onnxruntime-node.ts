/**
 * onnxruntime-node as a `Runtime`. It uses the package's native binding directly: `InferenceSession.run` of its public API wraps
 * the same synchronous call in a promise, and without a synchronous call `tensor.dataSync()` could not work.
 */
import { Tensor } from 'onnxruntime-common';
import { binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import type { Runtime, RuntimeTensor, Session, SessionOptions } from './runtime.js';

function toOrt({ type, dims, data }: RuntimeTensor): Tensor {
  return new Tensor(type, data, dims);
}

export function onnxruntimeNode(): Runtime {
  return {
    description: 'onnxruntime-node',
    createSession(model: Uint8Array, { threads, profile }: SessionOptions): Session {
      initOrt();
      const session = new binding.InferenceSession();
      const buffer = model.buffer instanceof ArrayBuffer ? model.buffer : Uint8Array.from(model).buffer;
      session.loadModel(buffer, model.byteOffset, model.byteLength, {
        intraOpNumThreads: threads,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      });
      return {
        run(inputs, outputs) {
          const feeds: Record<string, Tensor> = {};
          for (const [name, tensor] of inputs) feeds[name] = toOrt(tensor);
          const fetches: Record<string, Tensor> = {};
          for (const [name, tensor] of outputs) fetches[name] = toOrt(tensor);
          session.run(feeds, fetches, {});
        },
        dispose() {
          if (profile !== undefined) session.endProfiling();
          session.dispose();
        },
      };
    },
  };
}
