import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { type PackageManagerName, packageManagers } from './package-managers.js';
import { runProgram, tagged } from './programs.js';

/** Runs `use` in a folder of its own with nothing installed. The engine takes 300 MB, so it goes at once afterwards. */
async function inNewApp(manager: PackageManagerName, use: (app: ReturnType<typeof createApp>) => Promise<void>) {
  const parent = join(inject('folder'), `engine with ${manager}`.replaceAll(' ', '-'));
  try {
    await use(createApp(parent, 'app', manager, inject('registry')));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

const packages = tagged(['@cnnzoo/backend-node', '@tensorflow/tfjs-core@4'], 'snapshot');

test.each(['npm 11', 'pnpm 10', 'yarn 1', 'yarn 4'] as const)(
  '%s installs the engine with only the registry in reach',
  (manager) =>
    inNewApp(manager, async (app) => {
      const printed = await app.install(packages);
      expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
      expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
      expect(app.foreignConnections()).toEqual([]);
      expect(await runProgram(app, 'engine.mjs')).toContain('onnx says 58');
    }),
);

test('npm 10 needs the variable that the README names', () =>
  inNewApp('npm 10', async (app) => {
    await expect(app.install(packages)).rejects.toThrow(/onnxruntime-node[\s\S]*ENETUNREACH/);
    expect(app.foreignConnections()).not.toEqual([]);
    await app.install(packages, { ONNXRUNTIME_NODE_INSTALL: 'skip' });
    expect(await runProgram(app, 'engine.mjs')).toContain('onnx says 58');
  }));
