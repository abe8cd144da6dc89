/** Each guide of docs/guides, from its first step to its last, in a folder that has the images and the classifier of the first page. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type App, createApp } from './app.js';
import { findBrowser, startBrowser } from './browser.js';
import { bundleApp } from './bundlers.js';
import { type GuideStep, guidePackages, guideSteps, guides } from './guide-steps.js';
import type { LocalServer } from './local-server.js';
import { tagged } from './programs.js';
import { run } from './run.js';
import { serveFolder } from './serve-folder.js';

const parent = join(inject('folder'), 'guides');
const executable = findBrowser();
let app: App;
let mirror: LocalServer;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  app = createApp(parent, 'everything', 'pnpm 10', inject('registry'));
  await app.install(tagged(guidePackages(), 'snapshot'), { ONNXRUNTIME_NODE_INSTALL: 'skip' });
  for (const name of ['make-weights.mjs', 'make-default-weights.mjs']) {
    cpSync(fileURLToPath(new URL(`../programs/${name}`, import.meta.url)), join(app.folder, name));
    await app.node(name, join(parent, 'mirror'));
  }
  mirror = await serveFolder(join(parent, 'mirror'));
  environment = { ...process.env, CNNZOO_MIRROR: mirror.url, CNNZOO_CACHE: join(parent, 'cache') };
  const images = join(parent, 'mirror/images');
  await cnnzoo(images, ['train', 'pets', '--network', 'resnet18', '--epochs', '1', '--out', 'pets-classifier']);
});
afterAll(async () => {
  await mirror?.stop();
  rmSync(parent, { recursive: true, force: true });
});

test.each(guides())('%s', async (guide) => {
  const folder = join(parent, guide);
  cpSync(join(parent, 'mirror/images'), folder, { recursive: true });
  symlinkSync(join(app.folder, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const steps = guideSteps(guide);
  expect(steps.length).toBeGreaterThan(0);
  let server: RunningServer | null = null;
  try {
    for (const step of steps) {
      if (step.kind === 'file' && step.name === 'server.mts') server = await start(folder, save(folder, step));
      else await follow(folder, step, server === null ? {} : { SERVER: server.address });
    }
  } finally {
    server?.process.kill();
  }
});

test.skipIf(executable === null)('the page of the guide to browsers classifies a photo', async () => {
  const folder = join(parent, 'page');
  for (const step of guideSteps('browser')) if (step.kind === 'file') save(folder, step);
  symlinkSync(join(app.folder, 'node_modules'), join(folder, 'node_modules'), 'junction');
  cpSync(join(parent, 'mirror/images/pets-classifier'), join(folder, 'public/pets'), { recursive: true });
  await bundleApp('vite', folder, join(folder, 'dist'));
  const server = await serveFolder(join(folder, 'dist'));
  const browser = await startBrowser(executable ?? '');
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.locator('#answer', { hasText: 'cat or dog' }).waitFor();
    await page.setInputFiles('#photo', join(parent, 'mirror/images/cat.jpg'));
    await page.locator('#answer', { hasText: '%' }).waitFor();
    expect(await page.locator('#answer').textContent()).toMatch(/^(?:cat|dog) \d+ %, (?:cat|dog) \d+ %$/);
  } finally {
    await browser.close();
    await server.stop();
  }
});

async function follow(folder: string, step: GuideStep, variables: NodeJS.ProcessEnv): Promise<void> {
  if (step.kind === 'command') await cnnzoo(folder, step.arguments);
  else {
    const saved = save(folder, step);
    if (saved.endsWith('.mjs')) await node(folder, [saved], variables);
  }
}

/** Writes a file of the guide. @returns its path, or that of the JavaScript which was made of it */
function save(folder: string, { name, text }: { readonly name: string; readonly text: string }): string {
  const isProgram = name.endsWith('.mts');
  const path = join(folder, isProgram ? name.replace(/\.mts$/, '.mjs') : name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, isProgram ? transformSync(text, { loader: 'ts', format: 'esm' }).code : text);
  return path;
}

function cnnzoo(folder: string, args: readonly string[]): Promise<unknown> {
  return node(folder, [join(app.folder, 'node_modules/cnnzoo/dist/cli.js'), ...args], {});
}

function node(folder: string, args: readonly string[], variables: NodeJS.ProcessEnv): Promise<unknown> {
  return run(process.execPath, args, { folder, environment: { ...environment, ...variables }, timeout: 300_000 });
}

interface RunningServer {
  readonly process: ChildProcess;
  readonly address: string;
}

/** Starts the guide's server, and waits until it says where it listens. */
function start(folder: string, program: string): Promise<RunningServer> {
  const child = spawn(process.execPath, [program], { cwd: folder, env: { ...environment, PORT: '0' } });
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (part: Buffer) => {
      text += part;
      const [, address] = /^(http:\S+)$/m.exec(text) ?? [];
      if (address !== undefined) resolve({ process: child, address });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`the server has ended:\n${text}`)));
  });
}
