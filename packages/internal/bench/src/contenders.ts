/** Who takes part: each engine's process, and what to do where it is missing. */
import { fileURLToPath } from 'node:url';
import type { ProcessStart } from './engine-process.js';
import type { LayerSource } from './protocol.js';

export const engineIds = [
  'onnx',
  'onnx-frozen',
  'onnx-changing',
  'onnxruntime',
  'tfjs-node',
  'tfjs-wasm',
  'tfjs-cpu',
  'pytorch',
] as const;
export type EngineId = (typeof engineIds)[number];

export const layerSources = ['tfjs-layers', 'cnnzoo'] as const satisfies readonly LayerSource[];

/** PyTorch as it is, with images as NHWC in memory, and with the graph that torch.compile makes. */
export const pytorchVariants = ['eager', 'channels-last', 'compile'] as const;
export type PyTorchVariant = (typeof pytorchVariants)[number];

export interface Contender {
  readonly engine: EngineId;
  /** Null for an engine that is not tfjs. */
  readonly layers: LayerSource | null;
  /** How PyTorch runs the network. Null for other engines. */
  readonly variant: PyTorchVariant | null;
  /** Tells two installations of an engine apart. */
  readonly source: string;
  readonly start: ProcessStart;
}

/** Where the peers are that are no dependencies. */
export interface PeerLocations {
  /** The folder that tfjs-node was installed to, by tfjs-node/build.sh, say. */
  readonly tfjsNode: string | undefined;
  /** Python interpreters that have torch and numpy; torchvision, too, for onnxruntime and some networks. */
  readonly pythons: readonly string[];
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** All contenders of the given engines whose location is known; whether they start is another matter. */
export function contendersOf(
  engines: readonly EngineId[],
  layers: readonly LayerSource[],
  threads: number,
  { tfjsNode, pythons }: PeerLocations,
): Contender[] {
  const threadLimits = {
    OMP_NUM_THREADS: String(threads),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  const tfjs = (engine: EngineId, source: LayerSource, folder: readonly string[]): Contender => ({
    engine,
    layers: source,
    variant: null,
    source: folder[0] ?? 'workspace',
    start: {
      command: process.execPath,
      args: [...process.execArgv, path('worker/main.ts'), engine, source, String(threads), ...folder],
      environment: { ...process.env, ...threadLimits },
    },
  });
  const pytorch = (python: string, variant: PyTorchVariant): Contender => ({
    engine: 'pytorch',
    layers: null,
    variant,
    source: python,
    start: {
      command: python,
      args: [path('../python/worker.py'), String(threads), variant],
      // Settings for an old OpenBLAS slow a current one down.
      environment: { ...process.env, ...threadLimits, OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined },
    },
  });
  /** onnxruntime itself, on what this Python's torch exports. */
  const onnxruntime = (python: string): Contender => ({
    engine: 'onnxruntime',
    layers: null,
    variant: null,
    source: python,
    start: {
      command: process.execPath,
      args: [...process.execArgv, path('worker/onnxruntime.ts'), String(threads), python],
      environment: { ...process.env, ...threadLimits },
    },
  });
  const contenders: Readonly<Record<EngineId, readonly Contender[]>> = {
    onnx: layers.map((source) => tfjs('onnx', source, [])),
    'onnx-frozen': [tfjs('onnx-frozen', 'cnnzoo', [])],
    'onnx-changing': [tfjs('onnx-changing', 'cnnzoo', [])],
    onnxruntime: pythons.map(onnxruntime),
    'tfjs-node': tfjsNode === undefined ? [] : layers.map((source) => tfjs('tfjs-node', source, [tfjsNode])),
    // Too slow for more than the one comparison.
    'tfjs-wasm': [tfjs('tfjs-wasm', 'cnnzoo', [])],
    'tfjs-cpu': [tfjs('tfjs-cpu', 'tfjs-layers', [])],
    pytorch: pythons.flatMap((python) => pytorchVariants.map((variant) => pytorch(python, variant))),
  };
  return engines.flatMap((engine) => contenders[engine]);
}
