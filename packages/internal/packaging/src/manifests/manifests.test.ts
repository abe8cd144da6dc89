/** Each package.json, against what all published packages have in common: one form, so that none is forgotten when it changes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const read = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const published = publishedPackages();
const workspace = read(root);

/** The folders with a package.json below `path`. */
function packagesIn(path: string): string[] {
  return readdirSync(join(root, path))
    .map((name) => join(root, path, name))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

/**
 * An entry as all have it: ES module and CommonJS, each with its types.
 * @param forBrowsers what browsers have instead: an error that says why there is nothing, or what works there
 */
function standardEntry(subpath: string, forBrowsers: string | undefined): object {
  const name = subpath === '.' ? 'index' : subpath.slice('./'.length);
  const form = (file: string, types: string, module: string) => ({
    types: `./dist/${file}.${types}`,
    default: `./dist/${file}.${module}`,
  });
  return {
    ...(forBrowsers === undefined ? {} : { browser: form(forBrowsers, 'd.ts', 'js') }),
    import: form(name, 'd.ts', 'js'),
    require: form(name, 'd.cts', 'cjs'),
  };
}

test('directly in packages/ stands what is published, in packages/internal/ what is not', () => {
  const misplaced = (path: string, isPrivate: boolean) =>
    packagesIn(path).filter((folder) => (read(folder).private ?? false) !== isPrivate);
  expect(published.length).toBeGreaterThan(15);
  expect(misplaced('packages', false)).toEqual([]);
  expect(misplaced('packages/internal', true)).toEqual([]);
});

test.each(published)('$name has the package.json that all have', ({ folder, entries }) => {
  const manifest = read(folder);
  const forBrowsers = ['runs-in-node-only', 'runs-in-browsers'].find((name) =>
    existsSync(join(folder, `src/${name}.ts`)),
  );
  const subpaths = Object.keys(manifest.exports ?? {});
  expect(subpaths[0]).toBe('.');
  expect(manifest).toMatchObject({
    name: basename(folder) === 'cnnzoo' ? 'cnnzoo' : `@cnnzoo/${basename(folder)}`,
    license: workspace['license'],
    type: 'module',
    repository: { directory: `packages/${basename(folder)}` },
    engines: workspace['engines'],
    files: ['dist', 'CHANGELOG.md'],
    main: './dist/index.cjs',
    module: './dist/index.js',
    types: './dist/index.d.cts',
    publishConfig: { access: 'public' },
  });
  expect(manifest.exports).toEqual(
    Object.fromEntries(subpaths.map((subpath) => [subpath, standardEntry(subpath, forBrowsers)])),
  );
  expect(entries.filter(({ source }) => !existsSync(source))).toEqual([]);
  expect(manifest.scripts).toMatchObject({
    build: expect.stringMatching(
      /^tsup --config \.\.\/internal\/tooling\/tsup\.config\.ts --silent( --shims)?( --publicDir \S+)?$/,
    ),
    typecheck: expect.stringMatching(/^node \.\.\/internal\/tooling\/node_modules\/typescript\/bin\/tsc\b/),
    test: expect.stringMatching(/^vitest run --config \.\.\/internal\/tooling\/vitest\.config\.ts\b/),
  });
  expect(existsSync(join(folder, 'README.md'))).toBe(true);
});

test('every published package is built before the tests of this one: it depends on each, or on one that does', () => {
  const reached = new Set<string>();
  const visit = ({ dependencies = {}, devDependencies = {} }: Manifest) => {
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      const found = published.find((candidate) => candidate.name === name);
      if (found === undefined || reached.has(name)) continue;
      reached.add(name);
      visit(read(found.folder));
    }
  };
  visit(read(join(import.meta.dirname, '../..')));
  // A network is reached by way of cnnzoo.
  expect([...reached].sort()).toEqual(published.map(({ name }) => name).sort());
});
