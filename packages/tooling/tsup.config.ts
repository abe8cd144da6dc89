import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'tsup';

/**
 * Builds the package in the current folder. Its entries are read from its package.json: the export "." is src/index.ts,
 * "./register" is src/register.ts; and from its commands: the bin "./dist/cli.js" is src/cli.ts. Dependencies and peers stay imports, so that an app has one copy of each.
 */
const { exports, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
  bin?: Record<string, string>;
};
const subpaths = Object.keys(exports).filter((subpath) => !subpath.endsWith('.json'));

export default defineConfig({
  entry: [
    ...subpaths.map((subpath) => (subpath === '.' ? 'src/index.ts' : `src/${subpath.slice(2)}.ts`)),
    ...Object.values(bin).map((file) => `src/${basename(file, '.js')}.ts`),
  ],
  format: ['esm', 'cjs'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup sets the deprecated baseUrl when it builds declarations.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
});
