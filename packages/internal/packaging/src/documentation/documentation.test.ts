import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { build, type Plugin } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { problems } from './compile.js';
import { declarePlaceholders } from './placeholders.js';
import { publicExports } from './public-api.js';
import { snippets } from './snippets.js';

// Inside the package, so that the programs find what it depends on as an app does.
const folder = fileURLToPath(new URL('../../.snippets', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Compiles a program to JavaScript beside it, and returns that file. Its imports stay imports; those of the workspace, on which this package
 * need not depend, become the paths of their files.
 */
async function compiled(file: string): Promise<string> {
  const outfile = file.replace(/\.mts$/, '.mjs');
  const modules = new Map(
    publishedPackages().flatMap(({ entries }) =>
      entries.map(({ specifier, module }) => [specifier, pathToFileURL(module).href]),
    ),
  );
  const importsStay: Plugin = {
    name: 'imports-stay',
    setup: ({ onResolve }) =>
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === 'entry-point' ? undefined : { path: modules.get(path) ?? path, external: true },
      ),
  };
  await build({ entryPoints: [file], outfile, bundle: true, format: 'esm', target: 'node20', plugins: [importsStay] });
  return outfile;
}

const exported = publicExports();
const examples = exported.flatMap(({ name, place, examples }) =>
  examples.map((code) => ({
    place: `${place}, the example of ${name}`,
    code: `${code}\n${declarePlaceholders(code)}`,
    runs: false,
    inPage: false,
  })),
);

const programs = [...snippets(), ...examples].map((snippet, i) => {
  const file = join(folder, `snippet-${i}.mts`);
  writeFileSync(file, `${snippet.code}\nexport {};\n`);
  return { ...snippet, file };
});

test('every export has a docstring', () => {
  expect(exported.filter(({ docstring }) => docstring === '').map(({ name, place }) => `${name} (${place})`)).toEqual(
    [],
  );
});

/** `{@link resnet50}` in a docstring: what is like another export refers to that one's example. */
function hasExample({ name, docstring, examples }: (typeof exported)[number]): boolean {
  if (examples.length > 0) return true;
  const [entry] = name.split(' ');
  const linked = [...docstring.matchAll(/\{@link (\w+)/g)].map(([, target = '']) => `${entry} ${target}`);
  return exported.some((other) => linked.includes(other.name) && other.examples.length > 0);
}

test('every function and class has an example, or a link to one that has', () => {
  const without = exported.filter((candidate) => candidate.callable && !hasExample(candidate));
  expect(without.map(({ name, place }) => `${name} (${place})`)).toEqual([]);
});

test('every program in the documentation and every example in a docstring compiles', () => {
  const reported = [false, true].flatMap((inPage) =>
    problems(
      programs.filter((program) => program.inPage === inPage).map(({ file }) => file),
      inPage,
    ),
  );
  const found = reported.map(({ file, line, message }) => {
    const place = programs.find((candidate) => candidate.file === file)?.place;
    return `${place ?? 'options'}, line ${line} of the program: ${message}`;
  });
  expect(found).toEqual([]);
});

test('docs/coming-from.md names functions that are there', () => {
  const page = readFileSync(join(root, 'docs/coming-from.md'), 'utf8');
  const cells = [...page.matchAll(/^\|[^|]*\|([^|]*)\|$/gm)].map(([, here = '']) => here);
  const named = cells.flatMap((here) => [...here.matchAll(/`([a-z]\w*[A-Z0-9]\w*)[`(]/g)].map(([, name = '']) => name));
  const names = new Set(exported.map(({ name }) => name.split(' ')[1]));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

test('every program that trains looks at whether it was interrupted', () => {
  const blind = programs.filter(({ code }) => /\b(train|fineTune)\(/.test(code) && !code.includes('interrupted'));
  expect(blind.map(({ place }) => place)).toEqual([]);
});

test.each(programs.filter(({ runs }) => runs))('$place runs', async ({ file }) => {
  const run = promisify(execFile)(process.execPath, [await compiled(file)], {
    cwd: join(folder, '..'),
    timeout: 250_000,
  });
  // Rejects, with what the program printed, where it ends with an error.
  await expect(run).resolves.toHaveProperty('stdout');
});
