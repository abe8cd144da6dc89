/** examples/browser, with the packages of the registry, built by Vite, in Chromium: all that a page does by one import; and the page of `cnnzoo serve`. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { findBrowser, startBrowser } from './browser.js';
import { bundleApp } from './bundlers.js';
import { runProgram, tagged } from './programs.js';
import { serveFolder } from './serve-folder.js';
import { lookAtPage, startServing } from './served-page.js';

const example = fileURLToPath(new URL('../../../../examples/browser', import.meta.url));
const photo = fileURLToPath(new URL('../../../transforms/src/fixtures/photo.png', import.meta.url));
const parent = join(inject('folder'), 'example-app');
const built = join(parent, 'built');
const executable = findBrowser();
const app = createApp(parent, 'app', 'pnpm 10', inject('registry'));

/** Classes of the photo by Node's engine, the likeliest first. */
let golden: { category: string; probability: number }[];

beforeAll(async () => {
  const packages = ['cnnzoo', '@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4'];
  await app.install(tagged(packages, 'snapshot'));
  for (const name of ['index.html', 'src']) cpSync(join(example, name), join(app.folder, name), { recursive: true });
  cpSync(photo, join(app.folder, 'photo.png'));
  await runProgram(app, 'make-weights.mjs', join(built, 'weights'));
  const mirror = await serveFolder(join(built, 'weights'));
  golden = JSON.parse(await runProgram(app, 'classify-photo.mjs', mirror.url, join(parent, 'cache')));
  await mirror.stop();
  const variable = 'VITE_WEIGHTS_MIRROR';
  process.env[variable] = './weights';
  await bundleApp('vite', app.folder, built).finally(() => delete process.env[variable]);
  // What a test asks the packages without the example.
  await esbuild.build({
    stdin: { contents: "export { weights } from 'cnnzoo';", resolveDir: app.folder },
    outfile: join(built, 'packages.js'),
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
  });
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe.skipIf(executable === null)('in Chromium', () => {
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const requests: string[] = [];
  const weightsRequests = () => requests.filter((url) => url.endsWith('.safetensors'));
  const answers = () =>
    page.locator('#answer li').evaluateAll((rows) =>
      rows.map((row) => {
        const [category, percent] = [...row.children].map(({ textContent }) => textContent ?? '');
        return { category, probability: Number.parseFloat(percent ?? '') / 100 };
      }),
    );
  const load = async () => {
    await page.click('#load');
    await page.locator('#network-status', { hasText: '1000 classes' }).waitFor();
  };

  beforeAll(async () => {
    server = await serveFolder(built);
    browser = await startBrowser(executable ?? '', [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ]);
    page = await browser.newPage();
    page.setDefaultTimeout(400_000);
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('loads published weights and sees in a photo what Node sees', async () => {
    await load();
    await page.setInputFiles('#image-file', join(app.folder, 'photo.png'));
    await page.locator('#answer li').first().waitFor();
    const seen = await answers();
    expect(seen.map(({ category }) => category)).toEqual(golden.map(({ category }) => category));
    // The page rounds to a tenth of a percent.
    for (const [i, { probability }] of golden.entries())
      expect(Math.abs((seen[i]?.probability ?? 0) - probability)).toBeLessThan(0.002);
  });

  test('downloads them once', async () => {
    await page.reload();
    await load();
    expect(weightsRequests()).toHaveLength(1);
  });

  test('refuses weights that are not what their publisher says', async () => {
    const place = 'weights/download.pytorch.org/models/resnet18-f37072fd.pth';
    mkdirSync(join(built, place, '..'), { recursive: true });
    writeFileSync(join(built, place), 'not what it was');
    // As text: Vitest would make an import of its own of one in a function.
    const message = await page.evaluate(
      `import('${server.url}packages.js').then(({ weights }) => weights.downloadWeights('resnet18.DEFAULT', { mirror: '${server.url}weights' })).then(String, String)`,
    );
    expect(message).toMatch(/the hash is [0-9a-f]{64}, expected f37072fd/);
  });

  test('classifies the camera', async () => {
    await page.click('#camera-button');
    await page.locator('#answer li').first().waitFor();
    expect(await answers()).toHaveLength(5);
    await page.click('#camera-button');
  });

  test('learns two classes, and classifies with them', async () => {
    const files = (name: string) =>
      Array.from({ length: 4 }, (_, i) => join(built, `weights/images/pets/${name}/${i}.png`));
    for (const [index, name] of ['cat', 'dog'].entries()) {
      const item = page.locator('#classes li').nth(index);
      await item.locator('input[type="text"]').fill(name);
      await item.locator('input[type="file"]').setInputFiles(files(name));
      await item.locator('.count', { hasText: '4 examples' }).waitFor();
    }
    await page.click('#train');
    await page.locator('#training-status', { hasText: 'epoch 30 of 30: 100 %' }).waitFor();
    for (const name of ['cat', 'dog']) {
      await page.setInputFiles('#image-file', join(built, `weights/images/pets-test/${name}/0.png`));
      // The answer about the camera's last frame may still be there, or come.
      await expect
        .poll(async () => (await answers()).filter(({ probability }) => probability > 0.6), { timeout: 60_000 })
        .toMatchObject([{ category: name }]);
    }
  });

  test('asks no other machine, and nothing fails', () => {
    expect(requests.filter((url) => !url.startsWith(server.url) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(errors).toEqual([]);
  });
});

test.skipIf(executable === null)(
  'the page of cnnzoo serve shows what a network sees, and asks no other machine',
  async () => {
    const folder = join(app.folder, 'classifier');
    await runProgram(app, 'save-classifier.mjs', folder);
    const server = await startServing(join(app.folder, 'node_modules/cnnzoo/dist/cli.js'), app.folder, folder);
    const browser = await startBrowser(executable ?? '');
    const { classes, light, dark, ...seen } = await lookAtPage(browser, server.address, photo);
    await browser.close();
    expect(seen).toEqual({
      times: Array.from({ length: 4 }, () => expect.stringMatching(/^\d.* ms$/)),
      mapIsSeen: true,
      overflow: 0,
      error: expect.stringContaining('not a JPEG or PNG or WebP file'),
      errors: [],
      elsewhere: [],
    });
    expect(classes).toHaveLength(5);
    expect(dark).not.toBe(light);
    expect(await server.stop()).toBe(0);
  },
);

test.each(['vite', 'esbuild'] as const)('%s names what needs Node', async (bundler) => {
  const folder = join(app.folder, `node-only-${bundler}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<script type="module" src="./main.ts"></script>');
  writeFileSync(join(folder, 'main.ts'), "import { fineTune } from 'cnnzoo';\nconsole.log(fineTune);\n");
  await expect(bundleApp(bundler, folder, join(folder, 'dist'))).rejects.toThrow(
    /fineTune[\s\S]*runs-in-browsers\.js|runs-in-browsers\.js[\s\S]*fineTune/,
  );
});
