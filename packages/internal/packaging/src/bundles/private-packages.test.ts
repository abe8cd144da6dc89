import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';

const privateNames = readdirSync(join(root, 'packages/internal')).map((folder) => `@cnnzoo/${folder}`);

test('private packages are those of packages/internal', () => {
  expect(privateNames).toEqual(expect.arrayContaining(['@cnnzoo/checks', '@cnnzoo/metadata', '@cnnzoo/testing']));
});

test.each(publishedPackages())('$name imports no private package, in code or types', ({ folder }) => {
  const dist = join(folder, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(c?js|d\.c?ts)$/.test(file),
  );
  expect(files.some((file) => file.endsWith('.d.ts'))).toBe(true);
  for (const file of files) {
    const imported = readFileSync(join(dist, file), 'utf8').matchAll(
      /(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g,
    );
    for (const [, specifier = ''] of imported)
      expect(privateNames.filter((name) => specifier === name || specifier.startsWith(`${name}/`))).toEqual([]);
  }
});
