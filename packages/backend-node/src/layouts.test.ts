import { afterEach, expect, test } from 'vitest';
import { usableProcessors } from './processors.js';
import { type App, app, choosing, workingTfjsNode } from './testing/app.js';

let current: App | null = null;
afterEach(() => current?.remove());

function make(...args: Parameters<typeof app>): App {
  current = app(...args);
  return current;
}

async function chosen(target: App, program: string, options?: Parameters<App['run']>[1]) {
  const { stdout } = await target.run(program, options);
  return JSON.parse(stdout) as { engine: string; backend: string; set: string; product: number; rejected: object[] };
}

const works = { engine: 'tfjs-node', backend: 'tensorflow', set: 'tensorflow', product: 11, rejected: [] };
const prefer = { prefer: 'tfjs-node' };

/** The made-up tfjs-node with what it depends on beside it. */
function addTfjsNode(target: App, modules: string): void {
  target.make(modules, '@tensorflow/tfjs-node', '4.22.0', { 'index.js': workingTfjsNode });
}

test('npm and yarn: one node_modules', async () => {
  const target = make();
  addTfjsNode(target, 'node_modules');
  target.write('app.mjs', choosing(prefer));
  expect(await chosen(target, 'app.mjs')).toMatchObject(works);
});

test('pnpm: the app has tfjs-node, this package is elsewhere in the store and sees it beside itself', async () => {
  const target = make('linked');
  const store = 'node_modules/.pnpm/@cnnzoo+backend-node@0.0.0/node_modules';
  addTfjsNode(target, store);
  target.write('app.mjs', choosing(prefer));
  expect(await chosen(target, 'app.mjs')).toMatchObject(works);
});

test('pnpm: only the app sees tfjs-node', async () => {
  const target = make('linked');
  addTfjsNode(target, 'node_modules');
  target.link('node_modules', '@tensorflow/tfjs-backend-cpu');
  target.write('src/app.mjs', choosing(prefer));
  expect(await chosen(target, 'src/app.mjs', { cwd: '/' })).toMatchObject(works);
});

test('a monorepo: this package at the top, tfjs-node in the app’s own folder', async () => {
  const target = make();
  addTfjsNode(target, 'packages/app/node_modules');
  target.write('packages/app/dist/main.mjs', choosing(prefer));
  expect(await chosen(target, 'packages/app/dist/main.mjs')).toMatchObject(works);
});

test('a program elsewhere, started in the app’s folder', async () => {
  const target = make();
  addTfjsNode(target, 'packages/app/node_modules');
  target.write('start.mjs', choosing(prefer));
  expect(await chosen(target, 'start.mjs', { cwd: `${target.folder}/packages/app` })).toMatchObject(works);
});

test('an equal second copy of tfjs-core is not loaded', async () => {
  const target = make();
  addTfjsNode(target, 'node_modules');
  target.make('node_modules/@tensorflow/tfjs-node/node_modules', '@tensorflow/tfjs-core', '4.22.0', {
    'index.js': 'throw new Error("a second tfjs-core was loaded")',
  });
  target.write('app.mjs', choosing(prefer));
  expect(await chosen(target, 'app.mjs')).toMatchObject(works);
});

test('another version of tfjs-core is explained', async () => {
  const target = make();
  addTfjsNode(target, 'node_modules');
  target.make('node_modules/@tensorflow/tfjs-node/node_modules', '@tensorflow/tfjs-core', '4.10.0', {
    'index.js': 'throw new Error("a second tfjs-core was loaded")',
  });
  target.write('app.mjs', choosing(prefer));
  const { engine, rejected } = await chosen(target, 'app.mjs');
  expect(engine).not.toBe('tfjs-node');
  expect(rejected[0]).toMatchObject({
    engine: 'tfjs-node',
    reason: expect.stringMatching(/^two copies of tfjs-core: .* 4\.10\.0 in .*, this app 4\.22\.0 in /),
    remedy: expect.stringContaining('npm ls @tensorflow/tfjs-core'),
  });
});

test.each([
  ['the defaults', {}, {}, { growth: 'true', threads: String(usableProcessors()) }],
  ['options', { threads: 3, gpuMemoryGrowth: false }, {}, { threads: '3' }],
  [
    'a limit that the user has set',
    {},
    { TF_PER_DEVICE_MEMORY_LIMIT_MB: '512' },
    { growth: 'true', limit: '512', threads: String(usableProcessors()) },
  ],
  ['what the user has set', { threads: 3 }, { TF_FORCE_GPU_ALLOW_GROWTH: 'false' }, { growth: 'false', threads: '3' }],
])('TensorFlow finds %s in its environment when it is loaded', async (_, options, env, expected) => {
  const target = make();
  const recording = `
    const { TF_FORCE_GPU_ALLOW_GROWTH, TF_PER_DEVICE_MEMORY_LIMIT_MB, TF_NUM_INTRAOP_THREADS } = process.env;
    globalThis.found = {
      growth: TF_FORCE_GPU_ALLOW_GROWTH, limit: TF_PER_DEVICE_MEMORY_LIMIT_MB, threads: TF_NUM_INTRAOP_THREADS };
    ${workingTfjsNode}`;
  target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': recording });
  target.write('app.mjs', `${choosing({ ...prefer, ...options })}\nconsole.log(JSON.stringify(globalThis.found));`);
  const { stdout } = await target.run('app.mjs', { env });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(expected);
});

test('another version of tfjs-node is explained', async () => {
  const target = make();
  target.make('node_modules', '@tensorflow/tfjs-node', '3.21.1', { 'index.js': 'throw new Error("loaded")' });
  target.write('app.mjs', choosing(prefer));
  const { rejected } = await chosen(target, 'app.mjs');
  expect(rejected[0]).toMatchObject({
    reason: "@tensorflow/tfjs-node is 3.21.1, this app's tfjs-core 4.22.0",
    remedy: 'npm install @tensorflow/tfjs-node@4.22.0',
  });
});

test.each([
  ['ESM', 'app.mjs', (names: string) => `${names.replace(/(.*) <- (.*)\n/g, "import * as $1 from '$2';\n")}`],
  ['CommonJS', 'app.cjs', (names: string) => `${names.replace(/(.*) <- (.*)\n/g, "const $1 = require('$2');\n")}`],
])('auto, in %s: tf.ready() chooses', async (_, file, imports) => {
  const target = make();
  const program = `${imports('tf <- @tensorflow/tfjs-core\nauto <- @cnnzoo/backend-node/auto\n')}
    tf.ready().then(() => {
      const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
      console.log(JSON.stringify({ set: tf.getBackend(), product, tensors: tf.memory().numTensors }));
    });`;
  target.write(file, program);
  const first = await target.run(file);
  expect(JSON.parse(first.stdout)).toMatchObject({ set: 'onnx', product: 11 });
  expect(first.stderr).toBe('');
  const second = await target.run(file, { env: { CNNZOO_BACKEND: 'cpu' } });
  expect(JSON.parse(second.stdout)).toMatchObject({ set: 'cpu', product: 11 });
  addTfjsNode(target, 'node_modules');
  const third = await target.run(file, { env: { CNNZOO_BACKEND: 'tfjs-node' } });
  expect(JSON.parse(third.stdout)).toMatchObject({ set: 'tensorflow', product: 11 });
  expect(third.stderr).toBe('');
});

test('auto takes the next engine where the wanted one does not work, and says why', async () => {
  const target = make();
  target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': 'throw new Error("no addon here")' });
  target.write(
    'app.mjs',
    `import '@cnnzoo/backend-node/auto';
     import * as tf from '@tensorflow/tfjs-core';
     await tf.ready();
     console.log(tf.getBackend());`,
  );
  const { stdout, stderr } = await target.run('app.mjs', { env: { CNNZOO_BACKEND: 'tfjs-node' } });
  expect(stdout.trim()).toBe('onnx');
  expect(stderr).toMatch(/tfjs-node: no addon here.*; npm rebuild @tensorflow\/tfjs-node/);
});
