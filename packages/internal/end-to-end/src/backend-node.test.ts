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

const packages = tagged(
  ['@cnnzoo/backend-node', '@cnnzoo/backend-onnx', '@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4'],
  'snapshot',
);

test.each(['pnpm 10', 'yarn 4'] as const)('%s installs the engine with only the registry in reach', (manager) =>
  inNewApp(manager, async (app) => {
    const printed = await app.install(packages);
    expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
    expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
    expect(app.foreignConnections()).toEqual([]);
    expect(await runProgram(app, 'engine.mjs')).toContain('onnx says 58');
    for (const program of ['freeze.mjs', 'freeze.cjs'])
      expect(await runProgram(app, program)).toContain(`[9,9,9,9]\n[18,18,18,18]\ndisposed`);
  }),
);

// They run onnxruntime-node's post-install script unasked, which wants to fetch CUDA libraries from elsewhere.
test.each(['npm 11', 'npm 10', 'yarn 1'] as const)('%s needs the variable that the README names', (manager) =>
  inNewApp(manager, async (app) => {
    if (process.platform === 'linux') {
      await expect(app.install(packages)).rejects.toThrow(/onnxruntime-node[\s\S]*ENETUNREACH/);
      expect(app.foreignConnections()).not.toEqual([]);
    }
    const before = app.foreignConnections();
    const printed = await app.install(packages, { ONNXRUNTIME_NODE_INSTALL: 'skip' });
    expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
    expect(app.foreignConnections()).toEqual(before);
    expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
    expect(await runProgram(app, 'engine.mjs')).toContain('onnx says 58');
  }),
);
