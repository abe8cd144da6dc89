/** Apps in folders of their own, with this package's build installed in them as package managers do it, and engines that are made up. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPackage } from '../find-package.js';

const here = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of a package that this package, or one that it depends on, has. */
export function installed(name: string, from = here): string {
  const found = findPackage(name, [from]);
  if (found === null) throw new Error(`${name} is not installed in ${from}`);
  return found.folder;
}

const dependencies = ['@cnnzoo/backend-onnx', '@tensorflow/tfjs-backend-cpu', '@tensorflow/tfjs-core'];

export interface App {
  readonly folder: string;
  /** Links a package of this workspace into a node_modules folder, e.g. `node_modules` or `packages/a/node_modules`. */
  link(modules: string, name: string): void;
  /** Makes a package. */
  make(modules: string, name: string, version: string, files: Readonly<Record<string, string>>): string;
  /** Writes a file and its folders. */
  write(path: string, text: string | Uint8Array): void;
  /** Runs a program of this app, and returns what it printed. */
  run(
    program: string,
    options?: { cwd?: string; env?: Record<string, string> },
  ): Promise<{ stdout: string; stderr: string }>;
  remove(): void;
}

/**
 * An app with this package in it.
 * @param layout `flat`: npm and yarn, everything in one node_modules; `linked`: pnpm, packages in a store beside their own dependencies
 * @param modules the folder in which the app's packages are
 */
export function app(layout: 'flat' | 'linked' = 'flat', modules = 'node_modules'): App {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cnnzoo-app-')));
  const link = (into: string, name: string, target = installed(name)) => {
    const place = join(folder, into, name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(target, place, 'junction');
  };
  const store = layout === 'flat' ? modules : `${modules}/.pnpm/@cnnzoo+backend-node@0.0.0/node_modules`;
  const own = join(folder, store, '@cnnzoo/backend-node');
  for (const part of ['dist', 'package.json']) cpSync(join(here, part), join(own, part), { recursive: true });
  for (const name of dependencies) link(store, name);
  if (layout === 'linked') {
    link(modules, '@cnnzoo/backend-node', own);
    link(modules, '@tensorflow/tfjs-core');
  }
  const write = (path: string, text: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  return {
    folder,
    link: (into, name) => link(into, name),
    make(into, name, version, files) {
      const place = join(into, name);
      write(join(place, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
      for (const [path, text] of Object.entries(files)) write(join(place, path), text);
      return join(folder, place);
    },
    write,
    async run(program, { cwd = folder, env = {} } = {}) {
      return promisify(execFile)(process.execPath, [join(folder, program)], {
        cwd,
        // NODE_PATH is where pnpm's commands let Node find this workspace's packages, which an app has not got.
        env: { ...process.env, NODE_PATH: '', CNNZOO_BACKEND: '', CNNZOO_THREADS: '', ...env },
        timeout: 250_000,
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A program that prints what was chosen, as JSON, and a product of matrices. */
export function choosing(options: object): string {
  return `
    import * as tf from '@tensorflow/tfjs-core';
    import { useBackend } from '@cnnzoo/backend-node';
    const chosen = await useBackend(${JSON.stringify(options)});
    const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
    console.log(JSON.stringify({ ...chosen, set: tf.getBackend(), product, pid: process.pid }));`;
}

/** tfjs-node as far as it matters here: a backend \`tensorflow\` that sets itself, with the cpu backend's kernels. */
export const workingTfjsNode = `
  const tf = require('@tensorflow/tfjs-core');
  const { MathBackendCPU } = require('@tensorflow/tfjs-backend-cpu');
  tf.copyRegisteredKernels('cpu', 'tensorflow');
  tf.registerBackend('tensorflow', () => Object.assign(new MathBackendCPU(), { firstUse: false }), 3);
  tf.setBackend('tensorflow');
  // What tfjs-node's kernels call all the time.
  if (!require('util').isNullOrUndefined(undefined)) throw new Error('util was not mended');
`;
