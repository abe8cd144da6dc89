import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
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
  '@cnnzoo/checks': '../internal/checks/src/index.ts',
  '@cnnzoo/files': '../internal/files/src/index.ts',
  '@cnnzoo/metadata': '../internal/metadata/src/index.ts',
  '@cnnzoo/onnx-format': '../internal/onnx-format/src/index.ts',
  '@cnnzoo/workers': '../internal/workers/src/index.ts',
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

/** The CommonJS that was built, by file. */
function commonJs(): [file: string, text: string][] {
  return readdirSync('dist', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.cjs'))
    .map((file) => [file, readFileSync(join('dist', file), 'utf8')]);
}

/** All that Node 20 knows stays as it is in CommonJS, too: see patchedDependencies in pnpm-workspace.yaml. */
function refuseHelpers(): void {
  for (const [file, text] of commonJs()) {
    const [helper] = /\b_(?:nullishCoalesce|optionalChain)\(/.exec(text) ?? [];
    if (helper !== undefined)
      throw new Error(`dist/${file}: ${helper}…) takes the place of an operator: tsup was installed without its patch`);
  }
}

/**
 * The second of these steps takes a field of a class for an export of the same name in the same file, and sets both: the exported function
 * is gone once an object of the class is made.
 */
function refuseExportsThatFieldsOverwrite(): void {
  for (const [file, text] of commonJs()) {
    const [, name] = /\bthis\.(\w+) = exports\.\1 = /.exec(text) ?? [];
    if (name !== undefined)
      throw new Error(`dist/${file}: a class has a field '${name}' like an export: rename one of them`);
  }
}

const entries = [
  ...subpaths.map((subpath) => (subpath === '.' ? 'src/index.ts' : `src/${subpath.slice(2)}.ts`)),
  ...new Set([...forBrowsers, ...Object.values(bin)].map((file) => `src/${basename(file, '.js')}.ts`)),
];
const types = '.types';

/** A source file's declarations, once they are written. */
function declarationsOf(source: string): string {
  return join(types, relative(packages, resolve(source)).replace(/\.ts$/, '.d.ts'));
}

const packages = resolve(import.meta.dirname, '../..');
const pathsOf = (place: (source: string) => string) =>
  Object.fromEntries(Object.entries(bundled).map(([name, source]) => [name, [resolve(place(source))]]));

/**
 * Writes every file's declarations below `types`, for tsup to bundle. TypeScript 7 does it in half a second, the TypeScript in tsup's own
 * bundler of types takes six. What is marked @internal exists for tests and has no public type. Whether types are right is what
 * `pnpm typecheck` says: a build only writes them down.
 */
function writeDeclarations(): void {
  rmSync(types, { recursive: true, force: true });
  mkdirSync(types);
  const options = { noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true, noCheck: true };
  const configuration = {
    extends: '../tsconfig.json',
    compilerOptions: { ...options, rootDir: packages, outDir: '.', paths: pathsOf((source) => source) },
    include: [],
    files: entries.map((entry) => `../${entry}`),
  };
  writeFileSync(join(types, 'tsconfig.json'), JSON.stringify(configuration));
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', types], { stdio: 'inherit' });
}

export default defineConfig(() => {
  writeDeclarations();
  return {
    entry: entries,
    format: ['esm', 'cjs'],
    target: 'node20',
    sourcemap: true,
    clean: true,
    splitting: true,
    noExternal: Object.keys(bundled),
    // Of a package that takes no hashes there is no import left; the others have it among their dependencies.
    external: [/^@noble\/hashes/],
    // Types are bundled of what is found by path. tsup sets the deprecated baseUrl for that.
    dts: {
      entry: Object.fromEntries(entries.map((entry) => [basename(entry, '.ts'), declarationsOf(entry)])),
      compilerOptions: { paths: pathsOf(declarationsOf), ignoreDeprecations: '6.0', noCheck: true },
    },
    onSuccess: async () => {
      refuseExportsThatFieldsOverwrite();
      refuseHelpers();
      makeSourceMapsPortable();
    },
  };
});
