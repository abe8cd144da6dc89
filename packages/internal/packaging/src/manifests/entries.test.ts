/**
 * Each published package's entries as publint and "are the types wrong" see them: files that exist, in the module form that their name
 * says, with types that TypeScript finds from ES modules, CommonJS and bundlers. In one process, because each loads TypeScript.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { checkPackage, Package } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { publint } from 'publint';
import { expect, test } from 'vitest';

/** The files that an install puts into `node_modules`, as far as resolving an entry reads them. */
function installed(folder: string, name: string): Record<string, Uint8Array> {
  const built = readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const files = ['package.json', ...built].map((file) => [
    posix.join('/node_modules', name, file.replaceAll(sep, '/')),
    readFileSync(join(folder, file)),
  ]);
  return Object.fromEntries(files);
}

test.each(publishedPackages())('entries of $name', { timeout: 60_000 }, async ({ folder }) => {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    'name' | 'version',
    string
  >;
  expect((await publint({ pkgDir: folder, strict: true, pack: false })).messages).toEqual([]);
  const analysis = await checkPackage(new Package(installed(folder, name), name, version));
  if (!analysis.types) throw new Error(`${name} has no types`);
  // Node 10 reads no `exports`: nothing that old runs this.
  const kinds = ['node16-cjs', 'node16-esm', 'bundler'] as const;
  const problems = analysis.problems.filter((problem) =>
    kinds.some((kind) => problemAffectsResolutionKind(problem, kind, analysis)),
  );
  expect(problems).toEqual([]);
});
