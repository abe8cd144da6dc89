/** What the engine needs of an ONNX runtime. Everything that knows onnxruntime-node stands behind this interface. */

import type { Elements } from '../graph/layout.js';
import type { DeviceTensor } from '../graph/node.js';
import type { OnnxType } from '../graph/onnx-model.js';

/** What a graph reads: a dense array, in host memory or in the device's. */
export interface RuntimeInput {
  readonly type: Exclude<OnnxType, 'float64' | 'bfloat16'>;
  readonly dims: readonly number[];
  readonly data: Elements | DeviceTensor;
}

/** A dense array in host memory. */
export interface RuntimeTensor extends RuntimeInput {
  readonly data: Elements;
}

export interface SessionOptions {
  /** Threads of one operator. */
  readonly threads: number;
  /** Whether threads sleep while they have nothing to do. They spin otherwise, which starts the next operator sooner and takes the processor from others. Default false. */
  readonly yields?: boolean | undefined;
  /** Writes a profile of all runs to a file of this prefix when the session is disposed. */
  readonly profile?: string | undefined;
  /** Whether the graph is a training step. The runtime may then do without optimizations that find nothing in one. Default false. */
  readonly trains?: boolean | undefined;
}

export interface Session {
  /**
   * Runs the graph synchronously.
   * @param inputs one tensor for each graph input, by name
   * @param outputs buffers by output name, to be overwritten with the results
   */
  run(inputs: ReadonlyMap<string, RuntimeInput>, outputs: ReadonlyMap<string, RuntimeTensor>): void;
  dispose(): void;
}

/** A graph whose results stay in the device's memory. */
export interface DeviceSession {
  /**
   * Runs the graph. The device may still be at work when this returns.
   * @param outputs names of the wanted results
   */
  run(inputs: ReadonlyMap<string, RuntimeInput>, outputs: readonly string[]): ReadonlyMap<string, DeviceTensor>;
  dispose(): void;
}

export interface Runtime {
  /** Name and version, for reports. */
  readonly description: string;
  /** Whether the threads of replicas (../replicas) compute the same as this one. */
  readonly runsInThreads: boolean;
  /** @param model the bytes of an .onnx file */
  createSession(model: Uint8Array, options: SessionOptions): Session;
  /** The same with results that stay on the device; null where all results come back to host memory. */
  readonly createDeviceSession: ((model: Uint8Array, options: SessionOptions) => DeviceSession) | null;
}
