import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { packageManagers } from './package-managers.js';
import { networkAndPeers, rest, runProgram, tagged } from './programs.js';

test.each(['npm 11', 'pnpm 10'] as const)('%s upgrades from the previous snapshot', async (manager) => {
  const parent = join(inject('folder'), `upgrade with ${manager}`.replaceAll(' ', '-'));
  const app = createApp(parent, 'app', manager, inject('registry'));
  const packages = [...networkAndPeers, ...rest];
  await app.install(tagged(packages, 'previous'));
  // The ranges of a snapshot take later ones: blocks may be newer than the network that was asked for, but there is one copy.
  expect(app.copies('@cnnzoo/resnet')).toEqual([inject('previousVersion')]);
  expect(app.copies('@cnnzoo/blocks')).toHaveLength(1);
  expect(await runProgram(app, 'save.mjs')).toContain('saved');

  const printed = await app.install(tagged(packages, 'snapshot'));
  expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
  for (const name of ['@cnnzoo/resnet', '@cnnzoo/blocks', '@cnnzoo/losses', '@cnnzoo/shape'])
    expect([name, app.copies(name)]).toEqual([name, [inject('version')]]);
  expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
  expect((await runProgram(app, 'load.mjs')).match(/the same logits/g)).toHaveLength(2);
  rmSync(parent, { recursive: true, force: true });
});
