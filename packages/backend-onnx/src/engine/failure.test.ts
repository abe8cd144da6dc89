/** What happens when the runtime refuses a graph or fails while it runs one. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBackend } from '../create-backend.js';
import { kernelTables } from '../kernels/index.js';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';
import type { Runtime } from '../runtime/runtime.js';
import { registerKernels } from '../tfjs/register-kernels.js';

let broken = '';

/** onnxruntime, but graphs with nodes of the tfjs operation `broken` do not compile. */
function brokenRuntime(): Runtime {
  const runtime = onnxruntimeNode();
  return {
    ...runtime,
    createSession(model, options) {
      const found =
        broken === '' ? null : new RegExp(`${broken}#\\d+/\\w+`).exec(Buffer.from(model).toString('latin1'));
      if (found) throw new Error(`Could not find an implementation for the node with name '${found[0]}'`);
      return runtime.createSession(model, options);
    },
  };
}

beforeEach(async () => {
  broken = '';
  // Brings tfjs's cpu backend and the kernels.
  registerOnnxBackend({ threads: 1 });
  tf.removeBackend('onnx');
  registerKernels(kernelTables);
  tf.registerBackend('onnx', () => createBackend(brokenRuntime(), { threads: 1 }));
  await tf.setBackend('onnx');
});

afterEach(() => {
  tf.removeBackend('onnx');
});

it('an error names the operation and its shapes, and everything else is computed', () => {
  broken = 'Exp';
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  const y = tf.exp(tf.neg(x));
  const after = tf.sum(y);
  const other = tf.add(x, 1);
  expect(() => y.dataSync()).toThrow(
    /backend onnx: Exp\(float32\[2,3\]\) -> float32\[2,3\] could not be computed: Could not find/,
  );
  expect(() => after.dataSync()).toThrow(/Exp\(float32\[2,3\]\)/);
  expect([...other.dataSync()]).toEqual([2, 3, 4, 5, 6, 7]);
  expect([...tf.square(x).dataSync()]).toEqual([1, 4, 9, 16, 25, 36]);
});

it('what is recorded on a failed value fails, too, when it is read', async () => {
  broken = 'Exp';
  const y = tf.exp(tf.tensor1d([1]));
  await expect(y.data()).rejects.toThrow(/Exp\(float32\[1\]\)/);
  await expect(tf.add(y, 1).data()).rejects.toThrow(/Exp\(float32\[1\]\)/);
  broken = '';
  expect(tf.exp(tf.tensor1d([0])).dataSync()[0]).toBe(1);
});

it('an error while a graph runs leaves the backend usable', () => {
  const x = tf.tensor1d([10, 20, 30]);
  const indices = tf.add(tf.tensor1d([1, 2], 'int32'), tf.scalar(5, 'int32'));
  const far = tf.gather(x, indices);
  expect(() => far.dataSync()).toThrow(/GatherV2\(float32\[3\], int32\[2\]\) -> float32\[2\].*out of data bounds/s);
  expect([...tf.gather(x, tf.tensor1d([2, 0], 'int32')).dataSync()]).toEqual([30, 10]);
  tf.dispose(far);
});

it('a failure in the middle of a training loop does not end it', () => {
  const weights = tf.variable(tf.tensor1d([1, 2]));
  const optimizer = tf.train.sgd(0.1);
  const step = () => optimizer.minimize(() => tf.sum(tf.square(weights)) as tf.Scalar, false, [weights]);
  step();
  broken = 'Exp';
  expect(() => tf.tidy(() => tf.exp(weights).dataSync())).toThrow(/Exp/);
  step();
  expect([...weights.dataSync()].map((value) => Math.round(value * 1e6))).toEqual([640_000, 1_280_000]);
});

it('the backend may be removed and registered again', async () => {
  tf.dispose(tf.tidy(() => tf.add(tf.tensor1d([1]), 1)));
  expect(engineStats().compilations).toBe(0);
  expect(tf.tidy(() => [...tf.add(tf.tensor1d([1]), 1).dataSync()])).toEqual([2]);
  expect(engineStats().sessions).toBe(1);
  tf.removeBackend('onnx');
  expect(() => engineStats()).toThrow(/is not in use: call registerOnnxBackend/);
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  expect([...tf.add(tf.tensor1d([1]), 2).dataSync()]).toEqual([3]);
});
