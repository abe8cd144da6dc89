/** What the engine needs of an ONNX runtime. Everything that knows onnxruntime-node stands behind this interface. */
import type { Elements } from '../graph/node.js';
import type { OnnxType } from '../graph/onnx-model.js';

/** A dense array in host memory. */
export interface RuntimeTensor {
  readonly type: Exclude<OnnxType, 'bfloat16'>;
  readonly dims: readonly number[];
  readonly data: Elements;
}

export interface SessionOptions {
  /** Threads of one operator. */
  readonly threads: number;
  /** Writes a profile of all runs to a file of this prefix when the session is disposed. */
  readonly profile?: string | undefined;
}

export interface Session {
  /**
   * Runs the graph synchronously.
   * @param inputs one tensor for each graph input, by name
   * @param outputs buffers by output name, to be overwritten with the results
   */
  run(inputs: ReadonlyMap<string, RuntimeTensor>, outputs: ReadonlyMap<string, RuntimeTensor>): void;
  dispose(): void;
}

export interface Runtime {
  /** Name and version, for reports. */
  readonly description: string;
  /** The name of an output of type bfloat16 that every graph has to have first, or null. */
  readonly sentinel: string | null;
  /** @param model the bytes of an .onnx file */
  createSession(model: Uint8Array, options: SessionOptions): Session;
}
