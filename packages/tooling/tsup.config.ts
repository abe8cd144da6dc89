import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

/**
 * Builds the package in the current folder. Its entries are read from its package.json: the export "." is src/index.ts,
 * "./register" is src/register.ts. Dependencies and peers stay imports, so that an app has one copy of each.
 */
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };

export default defineConfig({
  entry: Object.keys(exports)
    .filter((subpath) => !subpath.endsWith('.json'))
    .map((subpath) => (subpath === '.' ? 'src/index.ts' : `src/${subpath.slice(2)}.ts`)),
  format: ['esm', 'cjs'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup sets the deprecated baseUrl when it builds declarations.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
});
