import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { useBackend } from './use-backend.js';

afterEach(() => vi.unstubAllEnvs());

test('sets the engine on onnxruntime and says so', async () => {
  expect(await useBackend()).toEqual({ backend: 'onnx', device: 'cpu', rejected: [] });
  expect(tf.getBackend()).toBe('onnx');
});

test('leaves no tensors behind', async () => {
  const before = tf.memory().numTensors;
  await useBackend();
  expect(tf.memory().numTensors).toBe(before);
});

test('obeys a preference, also from the environment', async () => {
  expect((await useBackend({ prefer: 'cpu' })).backend).toBe('cpu');
  vi.stubEnv('CNNZOO_BACKEND', 'cpu');
  expect((await useBackend()).backend).toBe('cpu');
  expect((await useBackend({ prefer: 'onnx' })).backend).toBe('onnx');
});

test('names what it does not know', async () => {
  vi.stubEnv('CNNZOO_BACKEND', 'cuda13');
  await expect(useBackend()).rejects.toThrow('CNNZOO_BACKEND is "cuda13", expected one of onnx, cpu');
  vi.stubEnv('CNNZOO_BACKEND', '');
  vi.stubEnv('CNNZOO_THREADS', 'many');
  await expect(useBackend()).rejects.toThrow('CNNZOO_THREADS is "many", expected an integer of at least 1');
});
