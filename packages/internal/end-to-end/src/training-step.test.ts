import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '@cnnzoo/tooling/published-packages';
import { expect, inject, test } from 'vitest';
import { createApp } from './app.js';
import { findBrowser, startBrowser } from './browser.js';
import { runProgram, tagged } from './programs.js';

const executable = findBrowser();
if (executable === null && process.env['CI'])
  throw new Error('no Chromium on this machine: apt-get install chromium, or set CNNZOO_BROWSER');

const packages = tagged(
  [
    ...['@cnnzoo/handover', '@cnnzoo/lenet', '@cnnzoo/train', '@cnnzoo/quantize', '@cnnzoo/backend-onnx'],
    ...['@tensorflow/tfjs-core@4', '@tensorflow/tfjs-layers@4'],
  ],
  'snapshot',
);

interface Page {
  readonly trainOnBars: (steps: number) => Promise<number[]>;
}
declare global {
  var trainingStep: Page;
}

/** Runs in the page: the scores of int8.onnx there, and those that Node has found. */
const int8Scores = `async () => {
  const ort = await import('onnxruntime-web');
  const session = await ort.InferenceSession.create('step/int8.onnx');
  const { input, output, dims, image, scores } = await (await fetch('step/int8.json')).json();
  const found = await session.run({ [input]: new ort.Tensor('float32', Float32Array.from(image), dims) });
  return { found: [...found[output].data], scores };
}`;

test.skipIf(executable === null)(
  'a training step and an int8 network run in a browser, without TensorFlow.js',
  async () => {
    const parent = join(inject('folder'), 'training-step');
    const app = createApp(parent, 'app', 'pnpm 10', inject('registry'));
    await app.install(packages);
    const step = join(app.folder, 'step');
    expect(await runProgram(app, 'export-training-step.mjs', step)).toContain('step.onnx');
    expect(await runProgram(app, 'quantize.mjs', step)).toContain('int7');
    const { serve } = await import(pathToFileURL(join(root, 'examples/training-step/browser/serve.mjs')).href);
    const server = await serve(step);
    const browser = await startBrowser(executable ?? '');
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(400_000);
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.waitForFunction(() => 'trainingStep' in globalThis);
      const losses = await page.evaluate(() => globalThis.trainingStep.trainOnBars(30));
      expect(losses).toHaveLength(30);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
      const { found, scores } = (await page.evaluate(`(${int8Scores})()`)) as Readonly<Record<string, number[]>>;
      expect(found).toHaveLength(scores?.length ?? Number.NaN);
      const largest = Math.max(...(scores ?? []).map(Math.abs));
      // A number on a step's edge may be rounded to the other side.
      for (const [i, score] of (scores ?? []).entries())
        expect(Math.abs(score - (found?.[i] ?? Number.NaN))).toBeLessThan(0.02 * largest);
    } finally {
      await browser.close();
      server.close();
      rmSync(parent, { recursive: true, force: true });
    }
  },
);
