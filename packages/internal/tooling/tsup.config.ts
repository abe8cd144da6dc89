import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { defineConfig } from 'tsup';

/**
 * Builds the package in the current folder. Its entries are read from its package.json: the export "." is src/index.ts,
 * "./register" is src/register.ts, and what it has for browsers, such as "./dist/runs-in-node-only.js", is
 * src/runs-in-node-only.ts; and from its commands: the bin "./dist/cli.js" is src/cli.ts. Dependencies and peers stay imports, so
 * that an app has one copy of each.
 */
const { exports, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, { readonly browser?: { readonly default: string } }>;
  bin?: Record<string, string>;
};
const subpaths = Object.keys(exports).filter((subpath) => !subpath.endsWith('.json'));
/** Private source packages: their code and types become part of each package that uses them, whose bundler leaves out the rest. */
const bundled = {
  '@cnnzoo/checks': ['../internal/checks/src/index.ts'],
  '@cnnzoo/files': ['../internal/files/src/index.ts'],
  '@cnnzoo/metadata': ['../internal/metadata/src/index.ts'],
};
const forBrowsers = Object.values(exports).flatMap(({ browser }) => browser?.default ?? []);

/**
 * Splitting CommonJS is two steps in tsup, and what only the second one writes has the first one's output as its source, by its path
 * on this machine and without its text. That file is the one beside the map.
 */
function makeSourceMapsPortable(): void {
  for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.cjs.map')) continue;
    const path = join('dist', file);
    const map = JSON.parse(readFileSync(path, 'utf8')) as { file?: string; sources: string[] };
    const built = basename(file, '.map');
    const sources = map.sources.map((source) => (isAbsolute(source) && basename(source) === built ? built : source));
    writeFileSync(path, JSON.stringify({ ...map, file: built, sources }));
  }
}

/**
 * The second of these steps takes a field of a class for an export of the same name in the same file, and sets both: the exported function
 * is gone once an object of the class is made.
 */
function refuseExportsThatFieldsOverwrite(): void {
  for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.cjs')) continue;
    const [, name] = /\bthis\.(\w+) = exports\.\1 = /.exec(readFileSync(join('dist', file), 'utf8')) ?? [];
    if (name !== undefined)
      throw new Error(`dist/${file}: a class has a field '${name}' like an export: rename one of them`);
  }
}

export default defineConfig({
  entry: [
    ...subpaths.map((subpath) => (subpath === '.' ? 'src/index.ts' : `src/${subpath.slice(2)}.ts`)),
    ...new Set([...forBrowsers, ...Object.values(bin)].map((file) => `src/${basename(file, '.js')}.ts`)),
  ],
  format: ['esm', 'cjs'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  splitting: true,
  noExternal: Object.keys(bundled),
  // Types are bundled of what is found by path. tsup sets the deprecated baseUrl when it builds declarations. What is marked @internal
  // exists for tests and has no public type. Whether types are right is what `pnpm typecheck` says: a build only writes them down.
  dts: { compilerOptions: { paths: bundled, ignoreDeprecations: '6.0', stripInternal: true, noCheck: true } },
  onSuccess: async () => {
    refuseExportsThatFieldsOverwrite();
    makeSourceMapsPortable();
  },
});
