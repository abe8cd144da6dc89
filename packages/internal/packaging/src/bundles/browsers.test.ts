import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { afterAll, expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { programFolder, runFresh } from './fresh-process.js';

const nodeOnly = [
  '@cnnzoo/backend-node',
  '@cnnzoo/backend-onnx',
  '@cnnzoo/create-network',
  '@cnnzoo/data',
  '@cnnzoo/handover',
  '@cnnzoo/quantize',
  '@cnnzoo/serve',
];
const entries = publishedPackages().flatMap(({ name, entries }) => entries.map((entry) => ({ name, ...entry })));
const folder = programFolder();
afterAll(folder.remove);

/** What a browser's bundle of everything that an entry exports is made of. */
async function filesAndImports(specifier: string) {
  const { metafile } = await bundle(`import * as all from '${specifier}'; console.log(all);`, { platform: 'browser' });
  const outputs = Object.values(metafile.outputs);
  return {
    files: outputs.flatMap(({ inputs }) => Object.keys(inputs).map((file) => resolve(file))),
    imports: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
  };
}

test.each(entries.filter(({ name }) => !nodeOnly.includes(name)))(
  '$specifier bundles for browsers',
  async ({ specifier, module }) => {
    const { files, imports } = await filesAndImports(specifier);
    const forBrowsers = join(dirname(module), 'runs-in-browsers.js');
    expect(files).toContain(existsSync(forBrowsers) ? forBrowsers : module);
    expect(imports.filter((path) => isBuiltin(path))).toEqual([]);
  },
);

test.each(entries.filter(({ name }) => nodeOnly.includes(name)))(
  '$specifier says that it is for Node',
  async ({ specifier, module }) => {
    const { files } = await filesAndImports(specifier);
    expect(files).toContain(join(dirname(module), 'runs-in-node-only.js'));
    expect(files).not.toContain(module);
  },
);

test('training needs nothing of Node but for checkpoints and log files, which say so', async () => {
  const { code } = await bundle(
    `
    import { lenet5 } from '@cnnzoo/lenet';
    import { jsonlLog, sgd, tensorboardLog, train } from '@cnnzoo/train';
    import '@tensorflow/tfjs-backend-cpu';
    import * as tf from '@tensorflow/tfjs-core';
    await tf.ready();
    const print = console.log;
    delete globalThis.process;
    delete globalThis.Buffer;
    const loader = {
      batchesPerEpoch: 3,
      async *epoch() {
        for (let i = 0; i < 3; i++) yield { images: tf.ones([2, 32, 32, 1]), labels: tf.tensor1d([3, 7], 'int32') };
      },
    };
    const options = () => ({ epochs: 1, optimizer: sgd({ learningRate: 0.01 }) });
    const { epochs } = await train(lenet5({ seed: 1 }), loader, options());
    const message = async (run) => { try { await run(); return ''; } catch (error) { return String(error); } };
    print(JSON.stringify({
      loss: epochs[0].loss,
      messages: [
        await message(() => train(lenet5(), loader, { ...options(), checkpoint: { folder: 'run' } })),
        await message(() => train(lenet5(), loader, { ...options(), resume: 'run' })),
        await message(() => jsonlLog('log.jsonl')),
        await message(() => tensorboardLog('log')),
      ],
    }));`,
    { platform: 'browser' },
  );
  const { loss, messages } = JSON.parse(await runFresh(folder.path, 'training', code));
  expect(loss).toBeGreaterThan(0);
  expect(messages).toHaveLength(4);
  for (const message of messages)
    expect(message).toMatch(/^TypeError: paths, folders, downloads, checkpoints and log files need Node/);
});
