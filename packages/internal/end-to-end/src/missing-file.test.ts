import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import type { LocalServer } from './local-server.js';
import { networkAndPeers, rest, runProgram, tagged } from './programs.js';
import { startRegistry } from './registry.js';
import { publishWithout } from './release.js';
import { fetchTarball, tarballProblems } from './tarball.js';

const parent = join(inject('folder'), 'missing-file');
/** A registry of its own: in the one of the other tests, which run at the same time, the broken version would be the newest. */
let registry: LocalServer;

beforeAll(async () => {
  const folder = join(parent, 'registry');
  for (const ours of ['@cnnzoo', 'cnnzoo'])
    cpSync(join(inject('folder'), 'registry/storage', ours), join(folder, 'storage', ours), { recursive: true });
  registry = await startRegistry(folder);
});

afterAll(async () => {
  await registry.stop();
  rmSync(parent, { recursive: true, force: true });
});

test('a file that is missing from a package is noticed', async () => {
  await publishWithout('dist/index.cjs', {
    folder: join(inject('folder'), 'snapshot'),
    registry: registry.url,
    tag: 'broken',
    packageName: '@cnnzoo/blocks',
  });
  expect(tarballProblems(await fetchTarball(registry.url, '@cnnzoo/blocks', 'broken'))).toContain(
    'package.json names ./dist/index.cjs, which is missing',
  );

  const app = createApp(parent, 'app', 'npm 11', registry.url);
  const [blocks = '', ...others] = rest;
  await app.install([...tagged([blocks], 'broken'), ...tagged([...networkAndPeers, ...others], 'snapshot')]);
  await expect(runProgram(app, 'commonjs.cjs')).rejects.toThrow('dist/index.cjs');
});
