/** The engines that run tfjs code: how each becomes the current backend. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Compilation, Introduction } from '../protocol.js';

export type TfjsEngineName = 'onnx' | 'onnx-frozen' | 'onnx-changing' | 'tfjs-node' | 'tfjs-wasm' | 'tfjs-cpu';

export interface TfjsEngine {
  readonly introduction: Introduction;
  /** What it compiled, for an engine that compiles. */
  readonly compilation?: () => Compilation;
}

const require = createRequire(import.meta.url);

/** Makes an engine tfjs's backend. */
export const startTfjsEngine: Readonly<Record<TfjsEngineName, (threads: number) => Promise<TfjsEngine>>> = {
  onnx: (threads) => startOnnx(threads, 'cnnzoo onnx'),
  'onnx-frozen': (threads) => startOnnx(threads, 'cnnzoo freeze'),
  'onnx-changing': (threads) => startOnnx(threads, 'cnnzoo onnx, a weight changes before each step'),

  'tfjs-node': async (threads) => {
    // tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed.
    const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    // Not a dependency: it comes from the folder that redirect-tfjs.ts points to.
    const name = '@tensorflow/tfjs-node';
    await import(name);
    await use('tensorflow');
    const { binding } = tf.backend() as tf.KernelBackend & { binding: { TF_Version: string } };
    return {
      introduction: { version: `tfjs-node ${tf.version_core}`, threads, notes: [`TensorFlow ${binding.TF_Version}`] },
    };
  },

  'tfjs-wasm': async () => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist/'));
    await use('wasm');
    return { introduction: { version: `tfjs wasm ${tf.version_core}`, threads: 1, notes: ['no threads in Node'] } };
  },

  'tfjs-cpu': async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await use('cpu');
    return { introduction: { version: `tfjs cpu ${tf.version_core}`, threads: 1, notes: ['plain JavaScript'] } };
  },
};

async function startOnnx(threads: number, version: string): Promise<TfjsEngine> {
  const { engineStats, registerOnnxBackend } = await import('@cnnzoo/backend-onnx');
  registerOnnxBackend({ device: 'cpu', threads });
  await use('onnx');
  return { introduction: { version, threads, notes: [] }, compilation: engineStats };
}

async function use(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not start its backend '${backend}'`);
}
