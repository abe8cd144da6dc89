/** Puts the backend together: a runtime, the engine, and how graphs are written for them. */
import { fusions } from './fusions/index.js';
import type { EmissionOptions } from './graph/emission.js';
import type { GraphFeature } from './graph/onnx-graph.js';
import { probeBlock } from './kernels/convolution/block-probe.js';
import type { Runtime } from './runtime/runtime.js';
import { OnnxBackend } from './tfjs/backend.js';

/**
 * Compiled graphs that are kept: more than a program uses in turns (steps, the last batch of an epoch, validation, predictions of a few
 * batch sizes), and few enough that ever new shapes do not fill the memory.
 */
const keptSessions = 32;

export interface BackendOptions {
  /** Threads of one operator. */
  readonly threads: number;
  /** What graphs do without, because the runtime or the device does not have it. Default: nothing. */
  readonly without?: readonly GraphFeature[];
  /** A folder to which each graph is written as an .onnx file. Default: what the environment says. */
  readonly dump?: string;
  /** Instead of what the processor prefers, for tests. */
  readonly graph?: Partial<EmissionOptions>;
}

export function createBackend(
  runtime: Runtime,
  { threads, without = [], dump = process.env['CNNZOO_ONNX_DUMP'], graph }: BackendOptions,
): OnnxBackend {
  const missing = new Set(without);
  return new OnnxBackend(runtime, {
    threads,
    sessions: keptSessions,
    dump,
    profile: process.env['CNNZOO_ONNX_PROFILE'],
    graph: {
      block: missing.has('blockedConvolution') ? 0 : probeBlock(runtime),
      without: missing,
      fusions,
      ...graph,
    },
  });
}
