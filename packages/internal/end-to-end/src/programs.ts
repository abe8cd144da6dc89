/** The programs of an app: what they are, and what they must print. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '@cnnzoo/tooling/published-packages';
import type { App } from './app.js';

const folder = fileURLToPath(new URL('../programs', import.meta.url));
const require = createRequire(import.meta.url);

/** What the README installs for TypeScript, but for the compiler. */
export const typesOfNode = '@types/node';
/** What `npm install` of the README installs, then what the programs import besides. */
export const networkAndPeers = ['@cnnzoo/resnet', '@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4'];
export const rest = [
  '@cnnzoo/blocks',
  '@cnnzoo/losses',
  '@cnnzoo/shape',
  '@tensorflow/tfjs-backend-cpu@4',
  typesOfNode,
];

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

/** The versions of TypeScript that the README names: the oldest, the one of this workspace, and 7. */
export const typescripts = ['typescript-5.4', 'typescript-6', 'typescript-newest'] as const;

/** The README's tsconfig.json, which users copy. */
function documentedOptions(): Readonly<Record<string, unknown>> {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const [, json] = /^## TypeScript\n.*?^```json\n(.*?)^```/ms.exec(text) ?? [];
  if (json === undefined) throw new Error('README.md has no tsconfig.json in its section TypeScript');
  return (JSON.parse(json) as { compilerOptions: Record<string, unknown> }).compilerOptions;
}

/** What is set besides: nothing, and what bundlers and the strictest users set. */
export const variations = {
  'as documented': {},
  Bundler: {
    module: 'esnext',
    moduleResolution: 'bundler',
    exactOptionalPropertyTypes: true,
    lib: ['es2022', 'dom'],
    types: [],
  },
} as const;

/**
 * Compiles typescript.mts in the app.
 * @throws RunError with the compiler's messages
 */
export async function compileProgram(
  app: App,
  typescript: (typeof typescripts)[number],
  variation: keyof typeof variations,
): Promise<string> {
  const target = join(app.folder, `${typescript} ${variation}`.replaceAll(' ', '-'));
  mkdirSync(target, { recursive: true });
  cpSync(join(folder, 'typescript.mts'), join(target, 'typescript.mts'));
  const compilerOptions = { ...documentedOptions(), ...variations[variation] };
  writeFileSync(join(target, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typescript.mts'] }));
  await app.node(compilerOf(typescript), '-p', target);
  return join(target, 'typescript.mjs');
}

/**
 * Compiles programs of the app with the README's tsconfig.json.
 * @returns the folder with the JavaScript
 * @throws RunError with the compiler's messages
 */
export async function compileAsDocumented(
  app: App,
  typescript: (typeof typescripts)[number],
  files: readonly string[],
): Promise<string> {
  const compilerOptions = { ...documentedOptions(), outDir: typescript };
  const config = join(app.folder, `${typescript}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  await app.node(compilerOf(typescript), '-p', config);
  return join(app.folder, typescript);
}

function compilerOf(typescript: (typeof typescripts)[number]): string {
  return join(dirname(require.resolve(`${typescript}/package.json`)), 'bin/tsc');
}
