/**
 * onnxruntime-node as a `Runtime`. It uses the native binding of exactly this version directly, for two reasons.
 *
 * `InferenceSession.run` of its public API wraps a synchronous call in a promise, and without a synchronous call
 * `tensor.dataSync()` could not work.
 *
 * After a run, the binding copies every output to a new ArrayBuffer, even those that onnxruntime has written to buffers of ours:
 * for a ResNet-50's weights and moments 200 MB of fresh pages a step, a tenth of the step's time. It converts outputs in
 * order and stops at a type that it does not know. So the first output is a sentinel of such a type: by then all buffers are
 * written, nothing is copied, and the error that it reports is the sign of success.
 */
import { Tensor } from 'onnxruntime-common';
import { binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import type { Runtime, RuntimeTensor, Session, SessionOptions } from './runtime.js';

const sentinel = 'sentinel';
const sentinelReached = 'Tensor type (16) is not supported';

function toOrt({ type, dims, data }: RuntimeTensor): Tensor {
  return new Tensor(type, data, dims);
}

export function onnxruntimeNode(): Runtime {
  return {
    description: 'onnxruntime-node',
    sentinel,
    createSession(model: Uint8Array, { threads, profile }: SessionOptions): Session {
      initOrt();
      const session = new binding.InferenceSession();
      const buffer = model.buffer instanceof ArrayBuffer ? model.buffer : Uint8Array.from(model).buffer;
      session.loadModel(buffer, model.byteOffset, model.byteLength, {
        intraOpNumThreads: threads,
        graphOptimizationLevel: 'all',
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      });
      return {
        run(inputs, outputs) {
          const feeds: Record<string, Tensor> = {};
          for (const [name, tensor] of inputs) feeds[name] = toOrt(tensor);
          const fetches: Record<string, Tensor | null> = { [sentinel]: null };
          for (const [name, tensor] of outputs) fetches[name] = toOrt(tensor);
          try {
            session.run(feeds, fetches, {});
          } catch (error) {
            if (!(error instanceof Error && error.message.includes(sentinelReached))) throw error;
          }
        },
        dispose() {
          if (profile !== undefined) session.endProfiling();
          session.dispose();
        },
      };
    },
  };
}
