/** A network of one's own as a package: made, tested, built and published as a stranger does, and used by another. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { firstProgram } from './first-programs.js';
import { packageManagers } from './package-managers.js';
import { compileAsDocumented, tagged, typesOfNode } from './programs.js';
import { cleanEnvironment, patience, run } from './run.js';
import { fetchTarball } from './tarball.js';

const registry = inject('registry');
const parent = join(inject('folder'), 'create-network');
const folder = join(parent, 'tinynet');
const packageName = '@ada/tinynet';
let environment: NodeJS.ProcessEnv;

function npm(place: string, ...words: readonly string[]) {
  const { program } = packageManagers['npm 11'];
  return run(process.execPath, [program, ...words], { folder: place, environment, timeout: patience });
}

beforeAll(async () => {
  const home = join(parent, 'home');
  environment = cleanEnvironment({
    home,
    variables: { npm_config_registry: registry, ONNXRUNTIME_NODE_INSTALL: 'skip', NO_COLOR: '1' },
  });
  // Any token does: the registry lets anyone publish, but npm wants to have one.
  writeFileSync(join(home, '.npmrc'), `${registry.replace(/^http:/, '')}:_authToken=anyone\n`);
  const words = ['--package-name', packageName, '--license', 'MIT', '--author', 'Ada Lovelace'];
  await npm(parent, 'create', '--yes', '@cnnzoo/network@snapshot', 'tinynet', '--', ...words);
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

test('npm create makes a package that passes its tests, PyTorch compares with it, and npm publishes it', async () => {
  const { text: installed } = await npm(folder, 'install');
  expect(installed).not.toMatch(/ERESOLVE|peer/i);
  expect((await npm(folder, 'test')).text).toMatch(/2 passed \| 1 skipped/);
  // What its golden/golden.py has written.
  cpSync(join(root, 'packages/create-network/src/fixtures/golden.safetensors'), join(folder, 'src/golden.safetensors'));
  expect((await npm(folder, 'test')).text).toMatch(/Tests +3 passed/);
  await npm(folder, 'publish');

  const { manifest, files } = await fetchTarball(registry, packageName, 'latest');
  expect(manifest.version).toBe('0.1.0');
  const built = ['tinynet.d.ts', 'tinynet.js', 'tinynet.js.map'].map((file) => `dist/${file}`);
  expect([...files.keys()].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', ...built, 'package.json']);
});

test('another project installs it as its README says, compiles the program there and runs it', async () => {
  const { packages, code } = firstProgram(readFileSync(join(folder, 'README.md'), 'utf8'));
  const app = createApp(parent, 'app', 'npm 11', registry);
  const printed = await app.install([...tagged(packages, 'snapshot'), typesOfNode], {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  });
  expect(printed).not.toMatch(/ERESOLVE|peer/i);
  expect(app.copies('@tensorflow/tfjs-core')).toEqual(['4.22.0']);
  writeFileSync(join(app.folder, 'program.mts'), code);
  const compiled = await compileAsDocumented(app, 'typescript-6', ['program.mts']);
  const logits = await app.node(join(compiled, 'program.mjs'));
  expect(logits.match(/-?\d+\.\d+/g)).toHaveLength(10);
});

test('a folder that is not empty is refused, and stays as it is', async () => {
  const before = readFileSync(join(folder, 'package.json'), 'utf8');
  const call = npm(parent, 'create', '--yes', '@cnnzoo/network@snapshot', 'tinynet', '--', '--license', 'MIT');
  await expect(call).rejects.toThrow(/FOLDER must be the path of a folder that is not there yet, or is empty/);
  expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe(before);
});
