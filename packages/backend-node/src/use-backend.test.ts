import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { useBackend } from './use-backend.js';

afterEach(() => vi.unstubAllEnvs());

test('sets the engine on onnxruntime and says so', async () => {
  const { backend, engine, device, rejected } = await useBackend({ prefer: 'onnx-cpu' });
  expect({ backend, engine, rejected }).toEqual({ backend: 'onnx', engine: 'onnx-cpu', rejected: [] });
  expect(device).toMatch(/ threads?$/);
  expect(tf.getBackend()).toBe('onnx');
});

test('leaves no tensors behind', async () => {
  const before = tf.memory().numTensors;
  await useBackend();
  expect(tf.memory().numTensors).toBe(before);
});

test('says why the engines before it were not used, and how to get them', async () => {
  const { rejected } = await useBackend({ prefer: 'wasm' });
  expect(rejected).toEqual([]);
  const { engine, rejected: before } = await useBackend();
  expect(['tfjs-node-gpu', 'onnx-cuda', 'onnx-webgpu', 'onnx-cpu'].indexOf(engine)).toBe(before.length);
  for (const { reason, remedy } of before) expect([reason, remedy]).not.toContain('');
});

test('obeys a preference, also from the environment', async () => {
  expect((await useBackend({ prefer: 'cpu' })).backend).toBe('cpu');
  vi.stubEnv('CNNZOO_BACKEND', 'cpu');
  expect((await useBackend()).backend).toBe('cpu');
  expect((await useBackend({ prefer: 'onnx' })).backend).toBe('onnx');
});

test('takes the next engine where the preferred one is not installed', async () => {
  const { backend, rejected } = await useBackend({ prefer: 'onnx-coreml' });
  if (process.platform !== 'darwin') {
    expect(backend).not.toBe('cpu');
    expect(rejected[0]).toMatchObject({ engine: 'onnx-coreml', reason: `Core ML is not for ${process.platform}` });
  }
});

test('does not take a backend away from tensors', async () => {
  await useBackend({ prefer: 'onnx-cpu' });
  const x = tf.tensor1d([1, 2]);
  const { engine, rejected } = await useBackend({ prefer: 'onnx-dml' });
  expect(engine).toBe('onnx-cpu');
  expect(rejected.length).toBeGreaterThan(0);
  expect(Array.from(tf.neg(x).dataSync())).toEqual([-1, -2]);
  tf.dispose(x);
});

test('the cpu backend does not advertise tfjs-node', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await useBackend({ prefer: 'cpu' });
  tf.tidy(() => tf.square(2).dataSync());
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test('names what it does not know', async () => {
  vi.stubEnv('CNNZOO_BACKEND', 'cuda13');
  await expect(useBackend()).rejects.toThrow('CNNZOO_BACKEND is "cuda13", expected one of tfjs-node-gpu, onnx-cuda');
  vi.stubEnv('CNNZOO_BACKEND', '');
  vi.stubEnv('CNNZOO_THREADS', 'many');
  await expect(useBackend()).rejects.toThrow('CNNZOO_THREADS is "many", expected an integer of at least 1');
  await expect(useBackend({ threads: 0 })).rejects.toThrow('threads must be an integer of at least 1, got 0');
  await expect(useBackend({ loaderWorkers: -1 })).rejects.toThrow(
    'loaderWorkers must be an integer of at least 0, got -1',
  );
  await expect(useBackend({ purpose: 'serving' as never })).rejects.toThrow(
    "purpose must be one of 'training', 'inference', got 'serving'",
  );
});
