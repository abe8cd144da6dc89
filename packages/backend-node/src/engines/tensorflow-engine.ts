/** tfjs-node and tfjs-node-gpu, where the app has installed them. */
import { createRequire } from 'node:module';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { findPackage } from '../find-package.js';
import { shareTfjs } from '../tfjs-copies.js';
import { loadOnce } from '../tfjs-registry.js';
import type { Engine, EngineSettings, Obstacle, Surroundings } from './engine.js';
import { gpuName, noNvidiaGpu, processorName } from './onnx-engine.js';

const require = createRequire(import.meta.url);

/** `util.isNullOrUndefined`, which tfjs-node's kernels call, is gone since Node 23. */
function mendUtil(): void {
  if ('isNullOrUndefined' in util) return;
  Object.defineProperty(util, 'isNullOrUndefined', {
    value: (value: unknown) => value === null || value === undefined,
    configurable: true,
  });
}

/** What TensorFlow reads from the environment when its library is loaded. What the user has set there stays. */
function configure({ threads, gpuMemoryGrowth }: EngineSettings): void {
  process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  if (gpuMemoryGrowth) process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  // Else its greeting and its warnings go to stderr of every program.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
}

export function tensorflowEngine(name: 'tfjs-node-gpu' | 'tfjs-node'): Engine {
  const packageName = `@tensorflow/${name}`;
  const forGpu = name === 'tfjs-node-gpu';
  const install = `npm install ${packageName}@4.22.0`;

  function obstacle({ folders, gpu, requested }: Surroundings): Obstacle | null {
    if (forGpu && !requested && !gpu.nvidia) return noNvidiaGpu;
    const found = findPackage(packageName, folders);
    if (found === null)
      return {
        reason: `${packageName} is not installed`,
        remedy: forGpu ? `${install}, with CUDA 11.2 and cuDNN 8.1` : install,
      };
    const core = folders[0] === undefined ? null : findPackage('@tensorflow/tfjs-core', [folders[0]]);
    if (core !== null && found.version !== core.version)
      return {
        reason: `${packageName} is ${found.version}, this app's tfjs-core ${core.version}`,
        remedy: `npm install ${packageName}@${core.version}`,
      };
    return null;
  }

  return {
    name,
    backend: 'tensorflow',
    packageName,
    isolated: true,
    obstacle,
    remedy: forGpu
      ? `npm rebuild ${packageName}; it needs CUDA 11.2 and cuDNN 8.1 in LD_LIBRARY_PATH`
      : `npm rebuild ${packageName}, which fetches or builds its addon for this Node and this system`,
    load: (settings, { folders }) =>
      loadOnce('tensorflow', name, () => {
        const found = findPackage(packageName, folders);
        if (found === null) throw new Error(`${packageName} is not installed`);
        if (folders[0] !== undefined) shareTfjs(found, folders[0]);
        mendUtil();
        configure(settings);
        require(found.folder);
      }),
    device({ threads }, { gpu, requested }) {
      const backend: (tf.KernelBackend & { isUsingGpuDevice?: boolean }) | null = tf.findBackend('tensorflow');
      if (backend?.isUsingGpuDevice === true) return gpuName(gpu);
      if (forGpu && !requested) throw new Error('TensorFlow sees no GPU that it can use');
      return processorName(threads);
    },
  };
}
