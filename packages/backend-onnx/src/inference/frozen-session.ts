/** A frozen graph in onnxruntime, of this thread. Knows nothing of tfjs, so that a worker does not have to load it. */
import { sizeOf } from '../graph/shape.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';
import type { SessionOptions } from '../runtime/runtime.js';
import type { FrozenGraph } from './frozen-graph.js';

export interface FrozenSession {
  /** Predicts this many images as the array holds. */
  run(images: Float32Array): Float32Array;
  dispose(): void;
}

export function frozenSession({ model, signature }: FrozenGraph, options: SessionOptions): FrozenSession {
  const session = onnxruntimeNode().createSession(model, options);
  const { input, output, inputShape, outputShape } = signature;
  const [inputSize, outputSize] = [sizeOf(inputShape), sizeOf(outputShape)];
  return {
    run(images) {
      const batch = images.length / inputSize;
      const data = new Float32Array(batch * outputSize);
      session.run(
        new Map([[input, { type: 'float32' as const, dims: [batch, ...inputShape], data: images }]]),
        new Map([[output, { type: 'float32' as const, dims: [batch, ...outputShape], data }]]),
      );
      return data;
    },
    dispose: () => session.dispose(),
  };
}
