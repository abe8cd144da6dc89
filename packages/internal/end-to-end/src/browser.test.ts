import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { findBrowser, startBrowser } from './browser.js';
import { type BundlerName, bundleApp } from './bundlers.js';
import { tagged } from './programs.js';
import { serveFolder } from './serve-folder.js';

const source = fileURLToPath(new URL('../programs/browser', import.meta.url));
const goldenLogits: number[] = JSON.parse(readFileSync(join(source, 'resnet18-logits.json'), 'utf8'));
const parent = join(inject('folder'), 'browser');
const app = join(parent, 'app');
const executable = findBrowser();

const nodeOnly = {
  '@cnnzoo/data': 'mnist',
  '@cnnzoo/backend-onnx': 'registerOnnxBackend',
  '@cnnzoo/backend-node': 'useBackend',
};
const forBrowsers = ['lenet', 'resnet', 'train', 'transforms', 'weights'].map((name) => `@cnnzoo/${name}`);

beforeAll(async () => {
  const backends = ['cpu', 'wasm', 'webgl'].map((name) => `@tensorflow/tfjs-backend-${name}@4`);
  const tfjs = ['@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4', ...backends];
  const packages = [...forBrowsers, ...Object.keys(nodeOnly)];
  await createApp(parent, 'app', 'pnpm 10', inject('registry')).install([...tagged(packages, 'snapshot'), ...tfjs]);
  for (const file of ['index.html', 'main.ts', 'golden.ts']) cpSync(join(source, file), join(app, file));
  cpSync(fileURLToPath(new URL('../../../transforms/src/fixtures/photo.png', import.meta.url)), join(app, 'photo.png'));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** CRC-32 of the pixels that Pillow gives, from cases.json of @cnnzoo/transforms. */
const goldenPixels = {
  'resize 256 bilinear': 553820360,
  'resize 224 bicubic': 2150459255,
  'resize 50 nearest': 883393126,
  'horizontal flip': 3665604136,
  'hue -0.3': 3233098999,
  'rotate 15 bilinear': 998707572,
  equalize: 3291607310,
  'Gaussian blur 5 1.2': 1394960951,
};

interface AppInBrowser {
  setBackend(name: string): Promise<void>;
  predict(): Promise<number[]>;
  train(): Promise<number[]>;
  transform(): Promise<Record<string, number>>;
  getBackend(): string;
}
declare global {
  var cnnzoo: AppInBrowser;
}

describe.skipIf(executable === null).each(['vite', 'esbuild'] as const)('bundled by %s', (bundler: BundlerName) => {
  const target = join(parent, bundler);
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    await bundleApp(bundler, app, target);
    cpSync(join(app, 'photo.png'), join(target, 'photo.png'));
    const wasm = join(app, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
    for (const file of readdirSync(wasm)) if (file.endsWith('.wasm')) cpSync(join(wasm, file), join(target, file));
    server = await serveFolder(target);
    browser = await startBrowser(executable ?? '');
    page = await browser.newPage();
    page.setDefaultTimeout(400_000);
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(server.url);
    await page.waitForFunction(() => 'cnnzoo' in globalThis);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('transforms give the golden pixels', async () => {
    expect(await page.evaluate(() => globalThis.cnnzoo.transform())).toMatchObject(goldenPixels);
  });

  describe.each(['cpu', 'webgl', 'wasm'])('on %s', (backend) => {
    beforeAll(() => page.evaluate((name) => globalThis.cnnzoo.setBackend(name), backend));

    test('ResNet-18 predicts the golden logits', async () => {
      const logits = await page.evaluate(() => globalThis.cnnzoo.predict());
      expect(await page.evaluate(() => globalThis.cnnzoo.getBackend())).toBe(backend);
      expect(logits).toHaveLength(goldenLogits.length);
      for (const [i, golden] of goldenLogits.entries()) expect(Math.abs((logits[i] ?? 0) - golden)).toBeLessThan(1e-3);
    });

    // tfjs-backend-wasm lacks the gradient of a convolution's filter.
    test.skipIf(backend === 'wasm')('LeNet trains 20 steps', async () => {
      const losses = await page.evaluate(() => globalThis.cnnzoo.train());
      console.log(`${bundler}, ${backend}: loss ${losses[0]} to ${losses.at(-1)}`);
      expect(losses).toHaveLength(20);
      expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0));
      expect(errors).toEqual([]);
    });
  });
});

describe.each(['vite', 'esbuild'] as const)('%s', (bundler) => {
  test.each(Object.entries(nodeOnly))('shows that %s is for Node only', async (name, imported) => {
    const folder = join(app, `${bundler}-${name.split('/')[1]}`);
    mkdirSync(folder, { recursive: true });
    cpSync(join(app, 'index.html'), join(folder, 'index.html'));
    writeFileSync(join(folder, 'main.ts'), `import { ${imported} } from '${name}';\n${imported}();\n`);
    await expect(bundleApp(bundler, folder, join(folder, 'dist'))).rejects.toThrow(/runs-in-node-only\.js/);
  });
});
