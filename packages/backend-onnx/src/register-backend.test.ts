import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it, vi } from 'vitest';
import { engineStats, registerOnnxBackend } from './register-backend.js';

afterEach(() => {
  if (tf.findBackendFactory('onnx') != null) tf.removeBackend('onnx');
  vi.unstubAllEnvs();
});

it('refuses devices and threads that there are not', () => {
  // @ts-expect-error: what a user of plain JavaScript may write
  expect(() => registerOnnxBackend({ device: 'tpu' })).toThrow(
    /device must be one of 'cpu', 'cuda', 'webgpu', .*, got 'tpu'/,
  );
  for (const threads of [0, -1, 1.5, Number.NaN])
    expect(() => registerOnnxBackend({ threads })).toThrow(/threads must be an integer of at least 1, got /);
  expect(tf.findBackendFactory('onnx')).toBeNull();
});

it('may be called twice', async () => {
  registerOnnxBackend({ threads: 1 });
  registerOnnxBackend({ threads: 2 });
  expect(await tf.setBackend('onnx')).toBe(true);
  expect(tf.getBackend()).toBe('onnx');
});

it('says that there are no statistics before the backend is used', () => {
  registerOnnxBackend({ threads: 1 });
  expect(() => engineStats()).toThrow(/the backend 'onnx' is not in use/);
});

it('counts, and gives a copy', async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const once = () => tf.tidy(() => tf.exp(tf.tensor1d([1, 2])).dataSync());
  once();
  once();
  const stats = engineStats();
  expect(stats).toMatchObject({ compilations: 1, cacheHits: 1, sessions: 1, nodes: 1, fallbacks: {} });
  expect(stats.traceTime).toBeGreaterThan(0);
  expect(stats.compileTime).toBeGreaterThan(0);
  expect(stats.runTime).toBeGreaterThan(0);
  once();
  expect(stats.cacheHits).toBe(1);
});

it('writes each graph to the folder of CNNZOO_ONNX_DUMP', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-dump-'));
  try {
    vi.stubEnv('CNNZOO_ONNX_DUMP', join(folder, 'graphs'));
    registerOnnxBackend({ threads: 1 });
    await tf.setBackend('onnx');
    for (const size of [2, 2, 3]) tf.tidy(() => tf.exp(tf.zeros([size])).dataSync());
    expect(readdirSync(join(folder, 'graphs')).toSorted()).toEqual(['graph-0.onnx', 'graph-1.onnx']);
    expect(readFileSync(join(folder, 'graphs/graph-0.onnx')).toString('latin1')).toContain('Exp#0/');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
