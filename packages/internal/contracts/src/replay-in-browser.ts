/** Replays batches by an exported training step in Chromium, on onnxruntime-web. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const serveFile = fileURLToPath(new URL('../../../../examples/training-step/browser/serve.mjs', import.meta.url));

interface BrowserReplay {
  readonly losses: readonly number[];
  readonly milliseconds: readonly number[];
  readonly deviation: { readonly weights: number; readonly worst: number; readonly name: string };
}

/** Runs in the page, with the modules of the example. The state stays there: it is compared with expected.safetensors. */
const replay = `async () => {
  const [ort, { readSafetensors }] = await Promise.all([import('onnxruntime-web'), import('./training-step.mjs')]);
  const bytes = async (name) => new Uint8Array(await (await fetch('step/' + name)).arrayBuffer());
  const batches = readSafetensors(ort, await bytes('batches.safetensors'));
  const losses = [];
  const milliseconds = [];
  for (let i = 0; batches['images.' + i] !== undefined; i++) {
    const given = { images: batches['images.' + i].data, labels: batches['labels.' + i].data, learning_rate: batches['learning_rate.' + i].data[0], seed: i };
    const start = performance.now();
    losses.push((await globalThis.trainingStep.step(given)).loss);
    milliseconds.push(performance.now() - start);
  }
  const expected = readSafetensors(ort, await bytes('expected.safetensors'));
  const trained = globalThis.trainingStep.tensors();
  let [worst, name, allOff, all] = [0, '', 0, 0];
  for (const [key, { data, type }] of Object.entries(expected)) {
    if (type !== 'float32' || key.endsWith('momentum_buffer')) continue;
    const actual = trained[key].data;
    let [off, norm] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      off += (data[i] - actual[i]) ** 2;
      norm += data[i] ** 2;
    }
    const deviation = norm === 0 && off === 0 ? 0 : Math.sqrt(off / norm);
    if (!(deviation <= worst)) [worst, name] = [deviation, key];
    allOff += off;
    all += norm;
  }
  return { losses, milliseconds, deviation: { weights: Math.sqrt(allOff / all), worst, name } };
}`;

export async function replayInBrowser(folder: string): Promise<BrowserReplay> {
  const { serve } = await import(pathToFileURL(serveFile).href);
  const server = await serve(folder);
  const executablePath = process.env['CNNZOO_BROWSER'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(1_200_000);
    page.on('pageerror', (error) => console.error(String(error)));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => 'trainingStep' in globalThis);
    return (await page.evaluate(`(${replay})()`)) as BrowserReplay;
  } finally {
    await browser.close();
    server.close();
  }
}
