import '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { useBackend } from './use-backend.js';

test("an import that registers tfjs's cpu backend, which nobody has chosen, does not make it the backend", async () => {
  tf.engine().reset(); // as where the program starts: test files share a process, whose backend has been chosen
  expect(Object.keys(tf.engine().registryFactory)).toEqual(['cpu']);
  expect(await useBackend()).toBe('onnx');
});

test('a backend that the program has chosen stays', async () => {
  await tf.setBackend('cpu');
  expect(await useBackend()).toBe('cpu');
});
