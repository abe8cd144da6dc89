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
  for (const [dependency, range] of ranges)
    if (inject('packages').includes(dependency))
      expect([dependency, range]).toEqual([dependency, `^${inject('version')}`]);
});
