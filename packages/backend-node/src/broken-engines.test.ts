import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeApart } from './isolated-probe.js';
import { type App, app, choosing, installed, workingTfjsNode } from './testing/app.js';

let target: App;
beforeEach(() => {
  target = app();
  target.write('app.mjs', choosing({ prefer: 'tfjs-node' }));
});
afterEach(() => target.remove());

/** Runs the app with this as its tfjs-node, and returns why it was not used. */
async function reasonWith(code: string, prepare: (folder: string) => void = () => {}) {
  const folder = target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': code });
  prepare(folder);
  const { stdout } = await target.run('app.mjs');
  const { set, product, rejected } = JSON.parse(stdout) as {
    set: string;
    product: number;
    rejected: { engine: string; reason: string; remedy: string }[];
  };
  // The app continues with the next engine.
  expect({ set, product }).toEqual({ set: 'onnx', product: 11 });
  expect(rejected[0]).toMatchObject({
    engine: 'tfjs-node',
    remedy: expect.stringContaining('npm rebuild @tensorflow/tfjs-node'),
  });
  return rejected[0]?.reason;
}

test('an import that throws', async () => {
  expect(await reasonWith('throw new Error("the native addon can not be found")')).toBe(
    'the native addon can not be found',
  );
});

test('code that does not compile', async () => {
  expect(await reasonWith('this is not JavaScript')).toMatch(/Unexpected identifier/);
});

test('a package without its files', async () => {
  expect(await reasonWith("require('./dist/index.js')")).toMatch(/Cannot find module '.\/dist\/index.js'/);
});

test('an addon of another system', async () => {
  const reason = await reasonWith("require('./addon.node')", (folder) =>
    writeFileSync(join(folder, 'addon.node'), 'MZ, for Windows'),
  );
  expect(reason).toMatch(/addon\.node/);
});

test.runIf(process.platform === 'linux')('an addon whose library is missing', async () => {
  const addon = join(
    installed('onnxruntime-node', installed('@cnnzoo/backend-onnx')),
    'bin/napi-v6',
    process.platform,
    process.arch,
    'onnxruntime_binding.node',
  );
  const reason = await reasonWith("require('./addon.node')", (folder) =>
    copyFileSync(addon, join(folder, 'addon.node')),
  );
  expect(reason).toMatch(/libonnxruntime\.so.*cannot open shared object file/);
});

const compiler = ['/usr/bin/gcc', '/usr/bin/cc'].find(existsSync);
if (compiler === undefined) console.log('skipped: no C compiler here to make an addon for another ABI');
test.runIf(process.platform === 'linux' && compiler !== undefined)('an addon for another ABI', async () => {
  const source = `
    struct node_module { int version; unsigned flags; void *handle; const char *file; void *init; void *context_init;
      const char *name; void *data; struct node_module *link; };
    extern void node_module_register(void *module);
    static void init(void) {}
    static struct node_module module = {11, 0, 0, "addon.cc", init, 0, "addon", 0, 0};
    __attribute__((constructor)) static void registers(void) { node_module_register(&module); }`;
  const reason = await reasonWith("require('./addon.node')", (folder) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'addon.c'), source);
    execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', join(folder, 'addon.node'), join(folder, 'addon.c')]);
  });
  expect(reason).toMatch(/was compiled against a different Node\.js version/);
});

test('a crash', async () => {
  expect(await reasonWith("process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 10_000);")).toMatch(
    /^its probe crashed with SIGSEGV/,
  );
});

test('an end from outside, as where memory runs out', async () => {
  expect(await reasonWith("process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 10_000);")).toBe(
    'its probe crashed with SIGKILL',
  );
});

test('an abort that says why', async () => {
  expect(await reasonWith("console.error('terminate called: no device'); process.abort();")).toMatch(
    /^its probe crashed with SIGABRT: .*no device/,
  );
});

test('an exit', async () => {
  expect(await reasonWith('process.exit(7)')).toMatch(/^its probe crashed with exit code 7/);
});

test('a backend that was not registered', async () => {
  expect(await reasonWith('')).toBe("the backend 'tensorflow' did not register itself");
});

test('wrong numbers', async () => {
  const wrong = `${workingTfjsNode}
    tf.unregisterKernel('Conv2D', 'tensorflow');
    tf.registerKernel({ kernelName: 'Conv2D', backendName: 'tensorflow', kernelFunc: ({ backend }) =>
      backend.makeTensorInfo([1, 2, 2, 1], 'float32', Float32Array.of(6, 8, 12, NaN)) });`;
  expect(await reasonWith(wrong)).toBe('Conv2D of known result 6,8,12,14 gave 6,8,12,NaN');
});

const forward = `${workingTfjsNode}
  tf.unregisterKernel('Conv2DBackpropFilter', 'tensorflow');`;

test('an engine that cannot train is not chosen for training', async () => {
  expect(await reasonWith(forward)).toBe('it cannot train: it has no kernel Conv2DBackpropFilter');
});

test('an engine that cannot train is chosen for inference', async () => {
  target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': forward });
  target.write('app.mjs', choosing({ prefer: 'tfjs-node', purpose: 'inference' }));
  const { stdout } = await target.run('app.mjs');
  expect(JSON.parse(stdout)).toMatchObject({ engine: 'tfjs-node', rejected: [], product: 11 });
});

test('an onnxruntime for another system, and nothing else installed: tfjs in JavaScript, and not a word on stderr', async () => {
  const [engine, copy] = [installed('@cnnzoo/backend-onnx'), join(target.folder, 'node_modules/@cnnzoo/backend-onnx')];
  rmSync(copy);
  for (const part of ['dist', 'package.json']) cpSync(join(engine, part), join(copy, part), { recursive: true });
  for (const name of ['onnxruntime-common', 'protobufjs'])
    symlinkSync(installed(name, engine), join(target.folder, 'node_modules', name), 'junction');
  target.make('node_modules', 'onnxruntime-node', '1.30.0', {
    'dist/binding.js': "throw new Error('onnxruntime_binding.node: invalid ELF header')",
  });
  target.write('app.mjs', choosing({}));
  const { stdout, stderr } = await target.run('app.mjs');
  const { rejected, ...chosen } = JSON.parse(stdout) as { rejected: object[] };
  expect(chosen).toMatchObject({ set: 'cpu', product: 11 });
  expect(rejected).toContainEqual({
    engine: 'onnx-cpu',
    reason: 'onnxruntime_binding.node: invalid ELF header',
    remedy: expect.stringContaining('npm install again on this machine'),
  });
  expect(stderr).toBe('');
});

test('an engine that never answers is given up', async () => {
  const folder = target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': 'for (;;);' });
  const answer = await probeApart(
    {
      engine: 'tfjs-node',
      purpose: 'training',
      measure: false,
      settings: { threads: 1, gpuMemoryGrowth: true },
      surroundings: {
        folders: [folder],
        requested: true,
        gpu: { names: [], nvidia: false, nvidiaDriver: null, forbidden: [], vulkanDrivers: null },
      },
    },
    1500,
  );
  expect(answer).toEqual({ problem: 'its probe gave no answer in 1.5 s' });
});
