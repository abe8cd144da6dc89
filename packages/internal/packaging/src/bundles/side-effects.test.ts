import { basename, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cifarResnet } from '@cnnzoo/resnet';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import '@tensorflow/tfjs-backend-cpu';
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { programFolder, runFresh } from './fresh-process.js';

const withSideEffects = ['@cnnzoo/backend-node/auto', '@cnnzoo/blocks/register'];
/** What packages start as a worker or a process: nobody imports them, and a bundler keeps them as entries of their own. */
const programs = [
  '@cnnzoo/backend-node/probe-process',
  '@cnnzoo/backend-onnx/inference-worker',
  '@cnnzoo/backend-onnx/replica-worker',
  '@cnnzoo/data/worker',
];
const entries = publishedPackages().flatMap((published) => published.entries.map((entry) => ({ ...entry, published })));
const pure = entries.filter(({ specifier }) => ![...withSideEffects, ...programs].includes(specifier));
const folder = programFolder();
afterAll(folder.remove);

test('only two entries are said to have side effects', () => {
  const named = entries.filter(({ module, published: { sideEffects, folder } }) =>
    Array.isArray(sideEffects)
      ? sideEffects.includes(`./${relative(folder, module).replaceAll('\\', '/')}`)
      : sideEffects === true,
  );
  expect(named.map(({ specifier }) => specifier).sort()).toEqual(withSideEffects);
  // Nothing else is named, be it an entry or not: both builds of an entry, and no more.
  for (const { name, sideEffects } of publishedPackages())
    if (Array.isArray(sideEffects)) {
      const files = sideEffects.map((file: string) => `${name}/${basename(file).replace(/\.c?js$/, '')}`);
      expect([...new Set(files)].filter((file) => !withSideEffects.includes(file))).toEqual([]);
    }
});

test.each(pure)('a bundler drops an unused import of $specifier', async ({ specifier }) => {
  expect((await bundle(`import ${JSON.stringify(specifier)};`)).code).toBe('');
});

test('importing the other entries changes nothing: no class, kernel, backend, global or listener is there afterwards', async () => {
  const program = `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-layers';
    import '@tensorflow/tfjs-backend-cpu';
    const state = () => JSON.stringify({
      classes: Object.keys(tf.serialization.SerializationMap.getMap().classNameMap),
      kernels: ['cpu', 'onnx', 'wasm', 'webgpu'].map((name) => tf.getKernelsForBackend(name).length),
      backends: Object.keys(tf.engine().registryFactory),
      globals: Reflect.ownKeys(globalThis).map(String),
      environment: Object.keys(process.env).length,
      listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
      tensors: tf.memory().numTensors,
    });
    // Node's own globals appear when somebody first looks at them.
    for (const name of Reflect.ownKeys(globalThis)) void globalThis[name];
    const changed = [];
    let before = state();
    for (const module of ${JSON.stringify(pure.map(({ module }) => pathToFileURL(module).href))}) {
      await import(module);
      const after = state();
      if (after !== before) changed.push([module, before, after]);
      before = after;
    }
    console.log(JSON.stringify(changed));`;
  expect(JSON.parse(await runFresh(folder.path, 'imports', program))).toEqual([]);
});

describe('a saved model in a fresh process', () => {
  let expected: number[];

  beforeAll(async () => {
    const model = cifarResnet({ depth: 20, numClasses: 4, inputShape: [8, 8, 3] });
    await model.save(
      tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
        const data = Buffer.from(tf.io.CompositeArrayBuffer.join(weightData)).toString('base64');
        writeFileSync(`${folder.path}/model.json`, JSON.stringify({ modelTopology, weightSpecs, data }));
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    expected = tf.tidy(() => [...(model.predict(tf.ones([1, 8, 8, 3])) as tf.Tensor).dataSync()]);
    model.dispose();
  });

  /** Bundles and runs a program that loads the model, and returns its logits for an image of ones and the backend in use. */
  async function load(name: string, imports: string): Promise<{ logits: number[]; backend: string }> {
    const { code } = await bundle(
      `${imports}
      import * as tf from '@tensorflow/tfjs-core';
      import { loadLayersModel } from '@tensorflow/tfjs-layers';
      import { readFileSync } from 'node:fs';
      await tf.ready();
      const { data, ...artifacts } = JSON.parse(readFileSync('model.json', 'utf8'));
      const weightData = new Uint8Array(Buffer.from(data, 'base64')).buffer;
      const model = await loadLayersModel(tf.io.fromMemory({ ...artifacts, weightData }));
      const logits = await model.predict(tf.ones([1, 8, 8, 3])).data();
      console.log(JSON.stringify({ logits: [...logits], backend: tf.getBackend() }));`,
    );
    return JSON.parse((await runFresh(folder.path, name, code)).split('\n').at(-2) ?? '');
  }

  test('loads with blocks/register, to the bit', async () => {
    const { logits } = await load('with', "import '@cnnzoo/blocks/register'; import '@tensorflow/tfjs-backend-cpu';");
    expect(logits).toEqual(expected);
  });

  test('does not load without it, be blocks itself imported or not', async () => {
    const unknown = /Unknown layer: Cnnzoo/;
    await expect(load('without', "import '@tensorflow/tfjs-backend-cpu';")).rejects.toThrow(unknown);
    await expect(
      load('unused', "import { conv2d } from '@cnnzoo/blocks'; import '@tensorflow/tfjs-backend-cpu';"),
    ).rejects.toThrow(unknown);
  });

  test('runs on the best engine with backend-node/auto, and has no backend without', async () => {
    const { logits, backend } = await load(
      'auto',
      "import '@cnnzoo/backend-node/auto'; import '@cnnzoo/blocks/register';",
    );
    expect(backend).not.toBe('cpu');
    for (const [i, logit] of logits.entries()) expect(logit).toBeCloseTo(expected[i] ?? Number.NaN, 4);
    await expect(load('no-backend', "import '@cnnzoo/blocks/register';")).rejects.toThrow(/No backend found/);
  });
});
