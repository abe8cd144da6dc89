/** Who takes part: each engine's process, and what to do where it is missing. */
import { fileURLToPath } from 'node:url';
import type { ProcessStart } from './engine-process.js';

export const engineIds = ['onnx', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu', 'pytorch'] as const;
export type EngineId = (typeof engineIds)[number];

export interface Contender {
  readonly engine: EngineId;
  /** Tells two installations of an engine apart. */
  readonly source: string;
  readonly start: ProcessStart;
}

/** Where the peers are that are no dependencies. */
export interface PeerLocations {
  /** The folder that tfjs-node was installed to, by tfjs-node/build.sh, say. */
  readonly tfjsNode: string | undefined;
  /** Python interpreters that have torch and numpy. */
  readonly pythons: readonly string[];
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** All contenders of the given engines, missing ones not yet known, and what is missing for want of a location. */
export function contendersOf(
  engines: readonly EngineId[],
  threads: number,
  { tfjsNode, pythons }: PeerLocations,
): Contender[] {
  const threadLimits = {
    OMP_NUM_THREADS: String(threads),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  const tfjs = (engine: EngineId, folder: readonly string[]): Contender => ({
    engine,
    source: folder[0] ?? 'workspace',
    start: {
      command: process.execPath,
      args: [...process.execArgv, path('worker/main.ts'), engine, String(threads), ...folder],
      environment: { ...process.env, ...threadLimits },
    },
  });
  return engines.flatMap((engine): Contender[] => {
    if (engine === 'pytorch')
      return pythons.map((python) => ({
        engine,
        source: python,
        start: {
          command: python,
          args: [path('../python/worker.py'), String(threads)],
          // Settings for an old OpenBLAS slow a current one down.
          environment: { ...process.env, ...threadLimits, OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined },
        },
      }));
    if (engine === 'tfjs-node') return tfjsNode === undefined ? [] : [tfjs(engine, [tfjsNode])];
    return [tfjs(engine, [])];
  });
}
