/** Tensors that went between the host's memory and the device's. */
export interface Transfers {
  toDevice: { tensors: number; bytes: number };
  toHost: { tensors: number; bytes: number };
}

/** Counters of what the engine has done. */
export interface EngineStats {
  /** Graphs compiled to sessions. */
  compilations: number;
  /** Flushes whose graph was compiled already. */
  cacheHits: number;
  /** Sessions that are kept. */
  sessions: number;
  /** Bytes that they take, as far as is known: their constants and the results that a run needs at the same time. */
  sessionBytes: number;
  /** Graphs whose weights are constants at present, because they have not changed for some runs. */
  constantGraphs: number;
  /** Convolutions and gradients whose form was measured to be fastest on this processor, and is in use. */
  tunedConvolutions: number;
  /** Recorded nodes of the latest graph. */
  nodes: number;
  /** Milliseconds spent in tracing (ordering nodes and finding the compiled graph). */
  traceTime: number;
  /** Milliseconds spent in building and compiling graphs, and in storing filters as they want them. */
  compileTime: number;
  /** Milliseconds spent in onnxruntime's runs. */
  runTime: number;
  /** Parts of training steps that other threads have computed (`replicas` of @cnnzoo/train). */
  elsewhere: number;
  /** Tensors that graphs have moved between the host's memory and the device's, and back. On the processor there is only one memory. */
  transfers: Transfers;
  /** Tensors in the memory of a device that keeps them, at present. */
  deviceTensors: number;
  /** Calls of kernels that the engine does not have and tfjs's cpu kernels did, by name. */
  fallbacks: Record<string, number>;
}

export function noStats(): EngineStats {
  return {
    compilations: 0,
    cacheHits: 0,
    sessions: 0,
    sessionBytes: 0,
    constantGraphs: 0,
    tunedConvolutions: 0,
    nodes: 0,
    traceTime: 0,
    compileTime: 0,
    runTime: 0,
    elsewhere: 0,
    transfers: { toDevice: { tensors: 0, bytes: 0 }, toHost: { tensors: 0, bytes: 0 } },
    deviceTensors: 0,
    fallbacks: {},
  };
}
