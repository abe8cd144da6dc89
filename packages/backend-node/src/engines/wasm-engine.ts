/** tfjs's WebAssembly backend, where the app has installed it, able to train. */
import { createRequire } from 'node:module';
import { findPackage } from '../find-package.js';
import { shareTfjs } from '../tfjs-copies.js';
import { loadOnce } from '../tfjs-registry.js';
import { registerWasmKernels } from '../wasm-kernels.js';
import type { Engine } from './engine.js';
import { processorName } from './onnx-engine.js';

const require = createRequire(import.meta.url);
const packageName = '@tensorflow/tfjs-backend-wasm';

export const wasmEngine: Engine = {
  name: 'wasm',
  backend: 'wasm',
  packageName,
  isolated: true,
  obstacle: ({ folders }) =>
    findPackage(packageName, folders) === null
      ? { reason: `${packageName} is not installed`, remedy: `npm install ${packageName}@4.22.0` }
      : null,
  remedy: `npm install ${packageName}@4.22.0 again`,
  load: (_settings, { folders }) =>
    loadOnce('wasm', 'wasm', () => {
      const found = findPackage(packageName, folders);
      if (found === null) throw new Error(`${packageName} is not installed`);
      if (folders[0] !== undefined) shareTfjs(found, folders[0]);
      require(found.folder);
      registerWasmKernels();
    }),
  // tfjs has no threads in WebAssembly under Node.
  device: () => processorName(1),
};
