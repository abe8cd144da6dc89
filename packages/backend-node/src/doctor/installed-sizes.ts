/** How much room the engines take, and how much of that nobody reads on this system. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findPackage } from '../find-package.js';

/** A package that takes much room. */
export interface InstalledSize {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly bytes: number;
  /** Of these, bytes that a program on this system does not read: engines for other systems, and source maps. */
  readonly unneeded: number;
}

const largePackages = [
  'onnxruntime-node',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  '@tensorflow/tfjs-backend-cpu',
  '@tensorflow/tfjs-backend-webgl',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs-node-gpu',
];

/** Measures those that are installed, the largest first. */
export function installedSizes(folders: readonly string[]): InstalledSize[] {
  // onnxruntime-node is a dependency of backend-onnx, which pnpm does not show to others.
  const backend = findPackage('@cnnzoo/backend-onnx', folders);
  const places = backend === null ? folders : [...folders, backend.folder];
  return largePackages
    .flatMap((name) => {
      const found = findPackage(name, places);
      if (found === null) return [];
      let [bytes, unneeded] = [0, 0];
      for (const path of readdirSync(found.folder, { recursive: true, encoding: 'utf8' })) {
        const stat = statSync(join(found.folder, path));
        if (!stat.isFile()) continue;
        bytes += stat.size;
        if (isUnneeded(path)) unneeded += stat.size;
      }
      return [{ ...found, bytes, unneeded }];
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** @param path inside of its package */
function isUnneeded(path: string): boolean {
  const [, system, architecture] = /^bin[\\/]napi-v\d+[\\/](\w+)[\\/](\w+)[\\/]/.exec(path) ?? [];
  if (system === undefined) return path.endsWith('.map');
  return system !== process.platform || architecture !== process.arch;
}
