import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compiledAssembly } from '@cnnzoo/tooling/compile-assembly';
import { expect, inject, test } from 'vitest';
import { fetchTarball, tarballProblems } from './tarball.js';

const registry = inject('registry');

test.each(inject('packages'))('%s holds what users need, and nothing else', async (name) => {
  const tarball = await fetchTarball(registry, name, inject('version'));
  expect(tarballProblems(tarball)).toEqual([]);
  expect(tarball.files.get('CHANGELOG.md')).toContain('Tested end to end.');
});

test.each(inject('packages'))('%s depends on packages of its own release', async (name) => {
  const { manifest } = await fetchTarball(registry, name, 'snapshot');
  expect(manifest.version).toBe(inject('version'));
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies });
  // Also a package that is not published: users could not install it.
  for (const [dependency, range] of ranges)
    if (/^(@cnnzoo\/.+|cnnzoo)$/.test(dependency))
      expect([dependency, range]).toEqual([dependency, `^${inject('version')}`]);
});

test('a dependency that package.json lacks is noticed', async () => {
  const { manifest, files } = await fetchTarball(registry, '@cnnzoo/resnet', inject('version'));
  const { '@cnnzoo/blocks': _, ...dependencies } = manifest.dependencies ?? {};
  expect(tarballProblems({ manifest: { ...manifest, dependencies }, files })).toContain(
    'dist/index.js imports @cnnzoo/blocks, which package.json does not name',
  );
});

// Here, because the compiler takes five seconds of a processor.
test.each([
  ['transforms', 'src/simd/module.ts'],
  ['quantize', 'src/calibrate/bins/module.ts'],
])('the WebAssembly in @cnnzoo/%s is what its assembly/ compiles to', (name, module) => {
  const [source, made] = ['assembly/index.ts', module].map((file) =>
    fileURLToPath(new URL(`../../../${name}/${file}`, import.meta.url)),
  ) as [string, string];
  expect(compiledAssembly(source) === readFileSync(made, 'utf8')).toBe(true);
});
