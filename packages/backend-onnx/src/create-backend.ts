/** Puts the backend together: a runtime, the engine, and how graphs are written for them. */
import { totalmem } from 'node:os';
import { fusions } from './fusions/index.js';
import type { EmissionOptions } from './graph/emission.js';
import type { GraphFeature } from './graph/onnx-graph.js';
import { probeBlock } from './kernels/convolution/block-probe.js';
import { add } from './kernels/elementwise.js';
import { zeroOf } from './kernels/gate.js';
import type { Runtime } from './runtime/runtime.js';
import { OnnxBackend } from './tfjs/backend.js';

/** The part of the machine's memory, or of the container's, that compiled graphs may take. */
const memoryShare = 1 / 4;

function sessionBytes(): number {
  // 0 or a number far above the machine's where nothing is constrained.
  const constrained = process.constrainedMemory() || Infinity;
  return Math.min(totalmem(), constrained) * memoryShare;
}

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
    sessionBytes: sessionBytes(),
    dump,
    profile: process.env['CNNZOO_ONNX_PROFILE'],
    gate: { zero: zeroOf, add },
    graph: {
      block: missing.has('blockedConvolution') ? 0 : probeBlock(runtime),
      without: missing,
      fusions,
      ...graph,
    },
  });
}
