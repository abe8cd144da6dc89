/** The programs of an app: what they are, and what they must print. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from './app.js';

const folder = fileURLToPath(new URL('../programs', import.meta.url));
const require = createRequire(import.meta.url);

/** What `npm install` of the README installs, then what the programs import besides. */
export const networkAndPeers = ['@cnnzoo/resnet', '@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4'];
export const rest = ['@cnnzoo/blocks', '@cnnzoo/losses', '@cnnzoo/shape', '@tensorflow/tfjs-backend-cpu@4'];

/** The names of our packages with a tag or version, the others as they are. */
export function tagged(packages: readonly string[], tag: string): string[] {
  return packages.map((name) => (name.startsWith('@cnnzoo/') || name === 'cnnzoo' ? `${name}@${tag}` : name));
}

/** Copies a program into the app and runs it. */
export function runProgram(app: App, program: string, ...args: readonly string[]): Promise<string> {
  cpSync(join(folder, program), join(app.folder, basename(program)));
  return app.node(basename(program), ...args);
}

/** What esm.mjs, commonjs.cjs and typescript.mts print. */
export const expectedOutput = [
  'resnet: 271098 parameters, 269722 in its summary',
  'blocks: 4092 parameters',
  'shape: 112',
  'loss of step 0: 1.4625',
  'loss of step 1: 1.4297',
].join('\n');

/** TypeScript's oldest version that is supported, and its newest. */
export const typescripts = ['typescript-5.4', 'typescript-newest'] as const;
export const moduleResolutions = { NodeNext: 'NodeNext', Bundler: 'ESNext' } as const;

/**
 * Compiles typescript.mts in the app.
 * @throws RunError with the compiler's messages
 */
export async function compileProgram(
  app: App,
  typescript: (typeof typescripts)[number],
  moduleResolution: keyof typeof moduleResolutions,
): Promise<string> {
  const target = join(app.folder, `${typescript}-${moduleResolution}`);
  mkdirSync(target, { recursive: true });
  cpSync(join(folder, 'typescript.mts'), join(target, 'typescript.mts'));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    types: [],
    // tfjs's own declarations do not pass without it. That ours are all there is for tarball.ts to see.
    skipLibCheck: true,
    module: moduleResolutions[moduleResolution],
    moduleResolution,
  };
  writeFileSync(join(target, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typescript.mts'] }));
  const compiler = join(dirname(require.resolve(`${typescript}/package.json`)), 'bin/tsc');
  await app.node(compiler, '-p', target);
  return join(target, 'typescript.mjs');
}
