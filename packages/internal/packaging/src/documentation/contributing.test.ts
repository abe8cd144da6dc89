/** The worked example of CONTRIBUTING.md, a package of its own, is taken out of the page, compiled and tested. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '@cnnzoo/tooling/published-packages';
import { afterAll, expect, test } from 'vitest';
import { problems } from './compile.js';

const prefix = 'packages/squeezenet/';
// Inside the package, so that what the example imports is found.
const folder = join(import.meta.dirname, '../../.contributing');
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const files = [...page.matchAll(/^`(packages\/squeezenet\/[^`]+\.ts)`\n\n```ts\n(.*?)^```/gms)].map(
  ([, path = '', code = '']) => ({ path: join(folder, path.slice(prefix.length)), code }),
);

rmSync(folder, { recursive: true, force: true });
for (const { path, code } of files) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}
cpSync(join(import.meta.dirname, 'fixtures/squeezenet1_1.json'), join(folder, 'src/fixtures/squeezenet1_1.json'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the example has a network, an index and a test', () => {
  expect(files.map(({ path }) => path.slice(folder.length + 1)).sort()).toEqual([
    'src/index.ts',
    'src/squeezenet.test.ts',
    'src/squeezenet.ts',
  ]);
});

test('the example compiles', () => {
  expect(problems(files.map(({ path }) => path))).toEqual([]);
});

test("the example's test passes", async () => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const configuration = join(root, 'packages/internal/tooling/vitest.config.ts');
  // Rejects, with what it printed, where a test fails or there is none.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [vitest, 'run', '--config', configuration, '--passWithNoTests=false', '--no-color'],
    { cwd: folder, env: { PATH: process.env['PATH'] } },
  );
  expect(stdout).toMatch(/1 passed/);
});

test('every file that the page links to exists', () => {
  const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
  expect(links.length).toBeGreaterThan(5);
  for (const path of links) expect(() => readFileSync(join(root, path))).not.toThrow(/ENOENT/);
});
