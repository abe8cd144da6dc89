/** Workers that die, and those that never start. */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { type FrozenGraph, frozenGraph } from './frozen-graph.js';
import { startWorkerPool } from './inference-workers.js';

let graph: FrozenGraph;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ inputShape: [3], units: 2, kernelInitializer: 'ones' })],
  });
  graph = frozenGraph(model, { batchSize: 1 });
  model.dispose();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const numbers = () => Float32Array.of(1, 2, 3);
const sums = Float32Array.of(6, 6);

it('fails the requests of a worker that dies, and starts another', async () => {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  const pool = startWorkerPool(1, { graph, threads: 1, kind: 'thread' });
  expect(await pool.run(numbers())).toEqual(sums);
  const [worker] = post.mock.contexts as Worker[];
  // Nothing arrives there, so that it cannot have answered by the time it ends.
  post.mockImplementation(() => {});
  const requests = [pool.run(numbers()), pool.run(numbers()), pool.run(numbers())].map((request) =>
    request.catch((error: Error) => error),
  );
  post.mockRestore();
  await worker?.terminate();
  const results = await Promise.all(requests);
  // The first two were the worker's; the third waited and goes to the next.
  expect(results[0]).toBeInstanceOf(Error);
  expect(String(results[0])).toMatch(/worker of frozen model .* has died: exit code 1/);
  expect(results[1]).toBeInstanceOf(Error);
  expect(results[2]).toEqual(sums);
  expect(await pool.run(numbers())).toEqual(sums);
  await pool.close();
});

it('the other workers go on', async () => {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  const pool = startWorkerPool(2, { graph, threads: 1, kind: 'thread' });
  await Promise.all([pool.run(numbers()), pool.run(numbers())]);
  const [first, second] = post.mock.contexts as Worker[];
  expect(first).not.toBe(second);
  await first?.terminate();
  expect(await Promise.all(Array.from({ length: 6 }, () => pool.run(numbers())))).toEqual(new Array(6).fill(sums));
  await pool.close();
});

it('a graph that cannot be loaded fails each request, and does not start workers without end', async () => {
  const started = vi.spyOn(Worker.prototype, 'unref');
  const pool = startWorkerPool(1, { graph: { ...graph, model: new Uint8Array(100) }, threads: 1, kind: 'thread' });
  await expect(pool.run(numbers())).rejects.toThrow(/has died: /);
  await expect(pool.run(numbers())).rejects.toThrow(/has died: /);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(new Set(started.mock.contexts).size).toBe(2);
  await pool.close();
});

it('an error of onnxruntime fails its request only', async () => {
  const pool = startWorkerPool(1, { graph, threads: 1, kind: 'thread' });
  await expect(pool.run(Float32Array.of(1, 2))).rejects.toThrow(/frozen model/);
  expect(await pool.run(numbers())).toEqual(sums);
  await pool.close();
});

it('what dies while the pool closes, or while it is idle, leaves nobody waiting', async () => {
  for (const when of ['closing', 'idle'] as const) {
    const post = vi.spyOn(Worker.prototype, 'postMessage');
    const pool = startWorkerPool(1, { graph, threads: 1, kind: 'thread' });
    expect(await pool.run(numbers())).toEqual(sums);
    const [worker] = post.mock.contexts as Worker[];
    if (when === 'idle') {
      await worker?.terminate();
      expect(await pool.run(numbers())).toEqual(sums);
      post.mockRestore();
      await pool.close();
      continue;
    }
    post.mockImplementation(() => {});
    const answers = Promise.all(
      Array.from({ length: 4 }, () => pool.run(numbers()).catch((error: Error) => error.message)),
    );
    const closed = pool.close();
    post.mockRestore();
    await worker?.terminate();
    const results = await answers;
    expect(results.slice(0, 2)).toEqual([expect.stringMatching(/has died/), expect.stringMatching(/has died/)]);
    // The others waited: a worker was started for them, although the pool closes.
    expect(results.slice(2)).toEqual([sums, sums]);
    await closed;
  }
});

it.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const)(
  'a process that ends by %s fails the requests in it, and another takes its place',
  async (signal) => {
    const started = vi.spyOn(ChildProcess.prototype, 'unref');
    const pool = startWorkerPool(1, { graph, threads: 1, kind: 'process' });
    expect(await pool.run(numbers())).toEqual(sums);
    const [child] = started.mock.contexts as [ChildProcess];
    // The app's event loop goes first.
    expect(getPriority(child.pid)).toBeGreaterThan(Math.min(getPriority(), 18));
    // Ctrl-C in a terminal, and a supervisor's SIGTERM, do not end it.
    for (const other of ['SIGINT', 'SIGTERM'] as const) child.kill(other);
    expect(await pool.run(numbers())).toEqual(sums);
    // Nothing arrives there, so that it cannot have answered by the time it ends.
    const send = vi.spyOn(child, 'send').mockReturnValue(true);
    const requests = [1, 2, 3].map(() => pool.run(numbers()).catch((error: Error) => error.message));
    send.mockRestore();
    child.kill(signal);
    const died = expect.stringMatching(new RegExp(`has died: signal ${signal}`));
    // The first two were the process's; the third waited and goes to the next.
    expect(await Promise.all(requests)).toEqual([died, died, sums]);
    await pool.close();
  },
);

it.each(['/nowhere/node', 'no\0path'])(
  'a process that cannot be started, of %j, fails each request, and a later one starts it',
  async (path) => {
    const { execPath } = process;
    process.execPath = path;
    try {
      const pool = startWorkerPool(1, { graph, threads: 1, kind: 'process' });
      await expect(pool.run(numbers())).rejects.toThrow(/has died/);
      await expect(pool.run(numbers())).rejects.toThrow(/has died/);
      process.execPath = execPath;
      expect(await pool.run(numbers())).toEqual(sums);
      await pool.close();
    } finally {
      process.execPath = execPath;
    }
  },
);

it('processes end with the program that started them, however it ends', async () => {
  const program = `
    const { fork } = require('node:child_process');
    const child = fork(${JSON.stringify(createRequire(import.meta.url).resolve('@cnnzoo/backend-onnx/inference-worker'))}, ['cnnzoo-worker'], { serialization: 'advanced' });
    process.stdout.write(String(child.pid));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  parent.kill('SIGKILL');
  const lives = () => {
    try {
      return process.kill(Number(pid), 0);
    } catch {
      return false;
    }
  };
  while (lives()) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(lives()).toBe(false);
});
