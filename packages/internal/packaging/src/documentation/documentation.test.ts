import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { afterAll, expect, test } from 'vitest';
import { problems } from './compile.js';
import { declarePlaceholders } from './placeholders.js';
import { publicExports } from './public-api.js';
import { snippets } from './snippets.js';

// Inside the package, so that the programs find what it depends on as an app does. The packages of the workspace need not be among that: tsx
// reads in the folder's tsconfig.json where they are.
const folder = fileURLToPath(new URL('../../.snippets', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const paths = publishedPackages().flatMap(({ entries }) =>
  entries.map(({ specifier, module }) => [specifier, [module]]),
);
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ compilerOptions: { paths: Object.fromEntries(paths) }, include: ['*.mts'] }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const exported = publicExports();
const examples = exported.flatMap(({ name, place, examples }) =>
  examples.map((code) => ({
    place: `${place}, the example of ${name}`,
    code: `${code}\n${declarePlaceholders(code)}`,
    runs: false,
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
  const found = problems(programs.map(({ file }) => file)).map(({ file, line, message }) => {
    const place = programs.find((candidate) => candidate.file === file)?.place;
    return `${place ?? 'options'}, line ${line} of the program: ${message}`;
  });
  expect(found).toEqual([]);
});

test('every program that trains looks at whether it was interrupted', () => {
  const blind = programs.filter(({ code }) => /\b(train|fineTune)\(/.test(code) && !code.includes('interrupted'));
  expect(blind.map(({ place }) => place)).toEqual([]);
});

test.each(programs.filter(({ runs }) => runs))('$place runs', async ({ file }) => {
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
    cwd: join(folder, '..'),
    env: { ...process.env, TSX_TSCONFIG_PATH: join(folder, 'tsconfig.json') },
    timeout: 250_000,
  });
  // Rejects, with what the program printed, where it ends with an error.
  await expect(run).resolves.toHaveProperty('stdout');
});
