/** A newcomer's first steps: the install line of each README in an empty folder, and after it the first program, as they are printed. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type App, createApp } from './app.js';
import { type FirstProgram, firstPrograms } from './first-programs.js';
import type { LocalServer } from './local-server.js';
import { compileAsDocumented, tagged, typescripts, typesOfNode } from './programs.js';
import { serveFolder } from './serve-folder.js';

const parent = join(inject('folder'), 'first-steps');
const programs = firstPrograms();
/** One folder for what pnpm has downloaded: the line of each README is installed in a folder of its own, but from one store. */
const store = { npm_config_store_dir: join(parent, 'store'), ONNXRUNTIME_NODE_INSTALL: 'skip' };
/** Has every package that a README's program needs: there the compilers run, once each for all programs. */
let everything: App;
/** Has the weights that a program wants to download. */
let mirror: LocalServer;

const fileOf = (index: number) => `program-${index}.mts`;

beforeAll(async () => {
  everything = createApp(parent, 'everything', 'pnpm 10', inject('registry'));
  const all = new Set(programs.flatMap(({ packages }) => packages));
  await everything.install([...tagged([...all], 'snapshot'), typesOfNode, 'sharp'], store);
  for (const [index, { code }] of programs.entries()) writeFileSync(join(everything.folder, fileOf(index)), code);
  for (const name of ['make-weights.mjs', 'make-default-weights.mjs']) {
    cpSync(fileURLToPath(new URL(`../programs/${name}`, import.meta.url)), join(everything.folder, name));
    await everything.node(name, join(parent, 'mirror'));
  }
  mirror = await serveFolder(join(parent, 'mirror'));
});
afterAll(async () => {
  await mirror?.stop();
  rmSync(parent, { recursive: true, force: true });
});

describe.each(typescripts)('%s', (typescript) => {
  test('finds nothing wrong with the programs, by the tsconfig.json that the README prints', async () => {
    const files = programs.map((_, index) => fileOf(index));
    const folder = await compileAsDocumented(everything, typescript, files);
    for (const [index, { packages }] of programs.entries())
      expect(readFileSync(join(folder, `program-${index}.mjs`), 'utf8')).toContain(packages[0]);
  });
});

test.each(programs.map((program, index) => ({ ...program, index })))('$readme', async ({ readme, packages, index }) => {
  const app = createApp(parent, readme.replaceAll('/', '-'), 'pnpm 10', inject('registry'));
  const printed = await app.install(tagged(packages, 'snapshot'), store);
  expect(printed).not.toMatch(/unmet peer/i);
  await runFirst(app, index);
  rmSync(app.folder, { recursive: true, force: true });
});

test('by npm, as the line is printed', async () => {
  const [{ packages }] = programs as [FirstProgram];
  const app = createApp(parent, 'npm', 'npm 11', inject('registry'));
  const printed = await app.install(tagged(packages, 'snapshot'), { ONNXRUNTIME_NODE_INSTALL: 'skip' });
  expect(printed).not.toMatch(/ERESOLVE|peer/i);
  expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
  await runFirst(app, 0);
});

/** Runs what the newest compiler made of a program, in a folder that has nothing besides but the images that the program names. */
async function runFirst(app: App, index: number): Promise<void> {
  const compiled = join(everything.folder, typescripts[2], `program-${index}.mjs`);
  const code = readFileSync(compiled, 'utf8');
  writeFileSync(join(app.folder, 'program.mjs'), code);
  if (code.includes("'./pets'")) cpSync(join(parent, 'mirror/images'), app.folder, { recursive: true });
  mkdirSync(join(app.folder, 'cache'));
  writeFileSync(
    join(app.folder, 'start.mjs'),
    `process.env.CNNZOO_MIRROR = ${JSON.stringify(mirror.url)};
process.env.CNNZOO_CACHE = ${JSON.stringify(join(app.folder, 'cache'))};
await import('./program.mjs');
`,
  );
  const printed = await app.node('start.mjs');
  // Each of them prints what it has made.
  expect(printed.trim()).not.toBe('');
}
