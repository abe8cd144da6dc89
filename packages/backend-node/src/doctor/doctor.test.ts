import { afterEach, expect, test, vi } from 'vitest';
import { app } from '../testing/app.js';
import { type DoctorReport, doctor } from './doctor.js';
import { formatDoctorReport } from './format-doctor-report.js';

afterEach(() => vi.unstubAllEnvs());

test('this machine', async () => {
  const report = await doctor({ measure: true });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(report.node.version).toBe(process.versions.node);
  const works = Object.fromEntries(report.engines.map((engine) => [engine.engine, engine.works]));
  expect(works).toMatchObject({ 'onnx-cpu': true, wasm: true, cpu: true });
  for (const { works: good, canTrain, speed } of report.engines) {
    expect(canTrain).toBe(good);
    if (good) {
      expect(speed?.forward).toBeGreaterThan(0);
      expect(speed?.training).toBeGreaterThan(0);
    } else expect(speed).toBeNull();
  }
  expect(report.copiesOfTfjsCore).toHaveLength(1);
  const [largest] = report.sizes;
  expect(largest?.name).toBe('onnxruntime-node');
  // Its package has the engines of all systems.
  expect(largest?.unneeded).toBeGreaterThan(0.5 * (largest?.bytes ?? 0));
  const text = formatDoctorReport(report);
  expect(text).toMatch(/^Node {7}\d+\.\d+/);
  expect(text).toContain('GFLOP/s forward');
  expect(text).toContain(`> ${report.choice}`);
});

test('says what is wrong, and one line that says what to do about it', async () => {
  const target = app();
  try {
    target.make('node_modules', '@tensorflow/tfjs-node', '4.22.0', { 'index.js': 'process.abort()' });
    target.make('packages/app/node_modules', '@tensorflow/tfjs-core', '4.10.0', { 'index.js': '' });
    const program = `
      import { doctor, formatDoctorReport } from '@cnnzoo/backend-node';
      const report = await doctor({ measure: false });
      console.log(process.argv[2] === 'json' ? JSON.stringify(report) : formatDoctorReport(report));`;
    target.write('packages/app/doctor.mjs', program);
    const { stdout } = await target.run('packages/app/doctor.mjs', { env: { CNNZOO_THREADS: 'all' } });
    const problems = stdout.slice(stdout.indexOf('problems:')).split('\n').slice(1);
    expect(problems).toEqual(
      expect.arrayContaining([
        '  ! CNNZOO_THREADS is "all", expected an integer of at least 1',
        '    -> correct or unset the environment variable',
        expect.stringMatching(/ {2}! there are 2 copies of tfjs-core: 4\.22\.0 in .*; 4\.10\.0 in .*/),
        expect.stringMatching(/ {2}! tfjs-node does not work: its probe crashed with SIGABRT/),
        expect.stringMatching(/ {4}-> npm rebuild @tensorflow\/tfjs-node/),
      ]),
    );
    expect(stdout).toContain('> onnx-cpu');
  } finally {
    target.remove();
  }
});

test.each([
  ['wasm', ['wasm', 'tfjs-node-gpu'], 'wasm'],
  ['onnx', ['onnx-cuda', 'onnx-webgpu', 'onnx-cpu', 'tfjs-node-gpu'], 'onnx-cpu'],
  ['onnx-dml', ['onnx-dml', 'tfjs-node-gpu'], 'onnx-cpu'],
])('CNNZOO_BACKEND=%s changes the order and the choice as in useBackend()', async (backend, order, choice) => {
  vi.stubEnv('CNNZOO_BACKEND', backend);
  const report = await doctor({ measure: false });
  expect(report.engines.slice(0, order.length).map(({ engine }) => engine)).toEqual(order);
  if (process.platform === 'linux' && report.gpu.names.length === 0) expect(report.choice).toBe(choice);
});

test('an engine without gradients is reported as such', () => {
  const report = {
    node: { version: '22.0.0', abi: '127', path: '/usr/bin/node' },
    system: { platform: 'linux', architecture: 'x64', name: 'Debian 13', libc: 'glibc 2.41' },
    processor: { model: 'EPYC', features: ['avx2'], cores: 64, allowed: 32, quota: 3.5, usable: 4 },
    memory: { total: 2 ** 36, available: 2 ** 35, limit: 2 ** 33 },
    cuda: ['12.4.127'],
    cudnn: [],
    gpu: { names: ['NVIDIA A100'], nvidia: true, nvidiaDriver: '550.54', forbidden: [], vulkanDrivers: [] },
    engines: [
      {
        engine: 'onnx-cuda',
        installed: '1.30.0',
        works: true,
        canTrain: false,
        device: 'NVIDIA A100',
        needs: 'CUDA 12',
        speed: { forward: 9123.4, training: null },
        obstacle: { reason: 'it cannot train', remedy: 'update it' },
      },
    ],
    choice: null,
    int8: 'saturating',
    tuned: { count: 14, file: '/cache/convolutions.json' },
    copiesOfTfjsCore: [],
    sizes: [
      { name: 'onnxruntime-node', version: '1.30.0', folder: '/app/x', bytes: 302e6, unneeded: 256e6 },
      { name: '@tensorflow/tfjs-core', version: '4.22.0', folder: '/app/y', bytes: 24e6, unneeded: 0 },
    ],
    problems: [],
  } satisfies DoctorReport;
  const text = formatDoctorReport(report);
  expect(text).toContain(
    'EPYC, 64 cores, 32 allowed to this process, time for 3.5 of them in this container; engines get 4 threads',
  );
  expect(text).toContain('sums saturate: quantize with weights of 7 bits');
  expect(text).toContain('training: 14 convolutions tuned, in /cache/convolutions.json');
  const file = '/cache/convolutions.json';
  expect(formatDoctorReport({ ...report, tuned: { count: 0, file } })).toContain('training: not tuned; cnnzoo tune');
  expect(text).toContain('32.0 GB available of 64.0 GB, limit of this container 8.0 GB');
  expect(text).toContain('CUDA 12.4.127, NVIDIA driver 550.54');
  expect(text).toContain('  + onnx-cuda     1.30.0, on NVIDIA A100, 9123 GFLOP/s forward\n      it cannot train');
  expect(text).toContain(`Room that they take: 326 MB, 256 MB of it for other systems and for debuggers
  302 MB  onnxruntime-node 1.30.0, not needed here: 256 MB
   24 MB  @tensorflow/tfjs-core 4.22.0
      to be rid of it: https://github.com/cnnzoo/cnnzoo#install-size`);
  expect(text).toContain('No problems.');
});
