import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import fc from 'fast-check';
import validate from 'validate-npm-package-name';
import { expect, test } from 'vitest';
import { fileNameOf, packageNameRule } from './names.js';
import { type licenses, packageFiles } from './package-files.js';
import { tools } from './package-json.js';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const author = 'Ada Lovelace';
const made = packageFiles({ packageName: '@ada/tiny-net', license: 'MIT', author, repository: 'ada/tiny-net' });
const fileOf = (path: string) => made.files.get(path) ?? '';

test('the names are everywhere, and no placeholder is left', () => {
  expect(made.functionName).toBe('tinyNet');
  expect([...made.files.keys()].sort()).toEqual(
    [
      '.github/workflows/publish.yml',
      '.gitignore',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'golden/golden.py',
      'package.json',
      'src/tiny-net.test.ts',
      'src/tiny-net.ts',
      'tsconfig.build.json',
      'tsconfig.json',
    ].sort(),
  );
  expect(fileOf('src/tiny-net.ts')).toContain('export function tinyNet(');
  expect(fileOf('src/tiny-net.ts')).toContain("import { tinyNet } from '@ada/tiny-net';");
  expect(fileOf('src/tiny-net.test.ts')).toContain("import { tinyNet } from './tiny-net.js';");
  expect(fileOf('README.md')).toContain('npm install @ada/tiny-net @cnnzoo/backend-node');
  const all = [...made.files].flat().join('\n');
  expect(all).not.toMatch(/package-name|file-name|networkName|THE-[A-Z]+/);
});

test('package.json has what npm wants for publishing with provenance', () => {
  expect(JSON.parse(fileOf('package.json'))).toMatchObject({
    name: '@ada/tiny-net',
    license: 'MIT',
    author,
    type: 'module',
    repository: { type: 'git', url: 'git+https://github.com/ada/tiny-net.git' },
    exports: { '.': { types: './dist/tiny-net.d.ts', default: './dist/tiny-net.js' } },
    peerDependencies: { '@tensorflow/tfjs-core': '^4.22.0', '@tensorflow/tfjs-layers': '^4.22.0' },
    publishConfig: { access: 'public' },
  });
  const { files } = packageFiles({ packageName: 'tinynet', license: 'MIT', author });
  expect(JSON.parse(files.get('package.json') ?? '')).not.toHaveProperty('repository');
});

test('it tests and builds with the versions that this workspace has', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  const catalog = Object.fromEntries(
    [...read('pnpm-workspace.yaml').matchAll(/^ {2}"(@tensorflow[^"]+)": (.+)$/gm)].map(([, name, version]) => [
      name,
      version,
    ]),
  );
  const versions = { ...devDependencies, ...catalog };
  expect(tools).toEqual(Object.fromEntries(Object.keys(tools).map((name) => [name, `^${versions[name]}`])));
});

test('its workflow has the actions and the npm of this repository', () => {
  const pinned = (text: string) => [...text.matchAll(/uses: .+|npm@[\d.]+/g)].map(([action]) => action);
  const ours = readdirSync(join(root, '.github/workflows')).flatMap((name) =>
    pinned(read(`.github/workflows/${name}`)),
  );
  const used = pinned(fileOf('.github/workflows/publish.yml'));
  expect(used.length).toBeGreaterThan(4);
  expect(used.filter((action) => !ours.includes(action))).toEqual([]);
});

test('the licences are whole', () => {
  const licenseOf = (license: (typeof licenses)[number]) =>
    packageFiles({ packageName: 'tinynet', license, author: 'Ada $& Lovelace' }).files.get('LICENSE');
  expect(licenseOf('Apache-2.0')).toBe(read('LICENSE'));
  for (const license of ['MIT', 'UNLICENSED'] as const)
    expect(licenseOf(license)).toContain(`Copyright (c) ${new Date().getFullYear()} Ada $& Lovelace`);
});

const isFree = (name: string) => validate(name).validForNewPackages && fileNameOf(name) !== '';

/** What npm takes, and what is a word of JavaScript, of the template or no name at all. */
const packageNames = fc.oneof(
  fc.constantFrom(
    'class',
    'await',
    'let',
    'dense',
    'relu',
    'stages',
    'tf',
    'index',
    '3d-net',
    'a.test',
    'x.d',
    '@a/b.c_d-e',
  ),
  fc.stringMatching(/^(?:@[a-z0-9-]{1,5}\/)?[a-z0-9._-]{1,10}$/).filter(isFree),
);

test('whatever name npm takes gives files that compile', () => {
  fc.assert(
    fc.property(packageNames, (packageName) => {
      expect(packageNameRule.fault('packageName', packageName)).toBeNull();
      const { functionName, files } = packageFiles({ packageName, license: 'MIT', author });
      const sources = [...files].filter(([path]) => path.startsWith('src/'));
      expect(sources.map(([path]) => path)).toEqual([
        expect.stringMatching(/^src\/[\w-]+\.test\.ts$/),
        expect.stringMatching(/^src\/[\w-]+\.ts$/),
      ]);
      // A name that is declared twice does not compile.
      for (const [, text] of sources) expect(() => transformSync(text, { loader: 'ts', format: 'esm' })).not.toThrow();
      expect(sources[1]?.[1]).toContain(`export function ${functionName}(`);
    }),
    { numRuns: 200 },
  );
});
