import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { networkAndPeers, rest, runProgram, tagged } from './programs.js';
import { publishWithout } from './release.js';
import { fetchTarball, tarballProblems } from './tarball.js';

test('a file that is missing from a package is noticed', async () => {
  const registry = inject('registry');
  await publishWithout('dist/index.cjs', {
    folder: join(inject('folder'), 'snapshot'),
    registry,
    tag: 'broken',
    packageName: '@cnnzoo/blocks',
  });
  expect(tarballProblems(await fetchTarball(registry, '@cnnzoo/blocks', 'broken'))).toContain(
    'package.json names ./dist/index.cjs, which is missing',
  );

  const parent = join(inject('folder'), 'missing-file');
  const app = createApp(parent, 'app', 'npm 11', registry);
  const [blocks = '', ...others] = rest;
  await app.install([...tagged([blocks], 'broken'), ...tagged([...networkAndPeers, ...others], 'snapshot')]);
  await expect(runProgram(app, 'commonjs.cjs')).rejects.toThrow('dist/index.cjs');
  rmSync(parent, { recursive: true, force: true });
});
