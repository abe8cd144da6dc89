import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type App, createApp } from './app.js';
import { type PackageManagerName, packageManagers } from './package-managers.js';
import {
  compileProgram,
  expectedOutput,
  networkAndPeers,
  rest,
  runProgram,
  tagged,
  typescripts,
  variations,
} from './programs.js';

const managers: PackageManagerName[] = ['npm 11', 'pnpm 10', 'yarn 1', 'yarn 4'];

describe.each(managers)('%s', (manager) => {
  const parent = join(inject('folder'), `install with ${manager}`.replaceAll(' ', '-'));
  let app: App;
  beforeAll(() => {
    app = createApp(parent, 'app', manager, inject('registry'));
  });
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test('installs a network with its peers into an empty folder', async () => {
    const printed = await app.install(tagged(networkAndPeers, 'snapshot'));
    expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
    expect(app.foreignConnections()).toEqual([]);
    expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
    expect(app.copies('@cnnzoo/blocks')).toEqual([inject('version')]);
    expect(app.installScripts()).toEqual([]);
  });

  test('adds blocks, losses and the shape calculator', async () => {
    const printed = await app.install(tagged(rest, 'snapshot'));
    expect(printed).not.toMatch(packageManagers[manager].unmetPeers);
    expect(app.foreignConnections()).toEqual([]);
    expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
    expect(app.copies('@cnnzoo/blocks')).toEqual([inject('version')]);
  });

  test.each(['esm.mjs', 'commonjs.cjs'])('runs %s', async (program) => {
    expect(await runProgram(app, program)).toContain(expectedOutput);
  });

  // TypeScript knows nothing of Plug'n'Play by itself.
  if (manager !== 'yarn 4')
    describe.each(typescripts)('%s', (typescript) => {
      test.each(Object.keys(variations) as (keyof typeof variations)[])('%s', async (variation) => {
        expect(await app.node(await compileProgram(app, typescript, variation))).toContain(expectedOutput);
      });
    });
});
