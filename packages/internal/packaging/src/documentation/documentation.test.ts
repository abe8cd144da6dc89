import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { problems } from './compile.js';
import { declarePlaceholders } from './placeholders.js';
import { publicExports } from './public-api.js';
import { snippets } from './snippets.js';

// Inside the package, so that the programs find the workspace's packages as those of an app.
const folder = fileURLToPath(new URL('../../.snippets', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
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

test.each(programs.filter(({ runs }) => runs))('$place runs', async ({ file }) => {
  // Rejects where the program ends with an error.
  await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: join(folder, '..'), timeout: 250_000 });
});
