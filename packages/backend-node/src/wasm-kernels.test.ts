import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
// Registers tfjs's gradients.
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { registerWasmKernels } from './wasm-kernels.js';

let tensors = 0;
beforeAll(async () => {
  registerWasmKernels();
  registerWasmKernels();
  await tf.setBackend('cpu');
  await tf.setBackend('wasm');
});
beforeEach(() => {
  tensors = tf.memory().numTensors;
});

/** The largest difference of an operation's result and gradients between wasm and cpu, relative to the largest value of each. */
async function difference(
  shapes: readonly number[][],
  operation: (...inputs: tf.Tensor[]) => tf.Tensor,
): Promise<number> {
  async function gradients(backend: string): Promise<number[][]> {
    await tf.setBackend(backend);
    const results = tf.tidy(() => {
      const inputs = shapes.map((shape, i) => tf.randomUniform(shape, -1, 1, 'float32', i + 1));
      const loss = (...given: tf.Tensor[]) => {
        const y = operation(...given);
        return tf.sum(tf.mul(y, tf.randomUniform(y.shape, -1, 1, 'float32', 9)));
      };
      return tf
        .grads(loss as never)(inputs)
        .map((gradient) => tf.reshape(gradient, [-1]));
    });
    const values = await Promise.all(results.map((result) => result.data()));
    tf.dispose(results);
    return values.map((each) => Array.from(each));
  }
  const expected = await gradients('cpu');
  const actual = await gradients('wasm');
  expect(tf.memory().numTensors).toBe(tensors);
  return Math.max(
    ...expected.map((values, i) => {
      const largest = Math.max(1e-3, ...values.map(Math.abs));
      return Math.max(...values.map((value, k) => Math.abs(value - (actual[i]?.[k] ?? Number.NaN)) / largest));
    }),
  );
}

const axis = fc.record({
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  extra: fc.integer({ min: 0, max: 5 }),
  before: fc.integer({ min: 0, max: 2 }),
  after: fc.integer({ min: 0, max: 2 }),
});
const padding = fc.constantFrom<'valid' | 'same' | 'number' | 'explicit'>('valid', 'same', 'number', 'explicit');

test('gradients of convolutions of every stride and padding are those of the cpu backend', async () => {
  await fc.assert(
    fc.asyncProperty(axis, axis, padding, fc.boolean(), async (height, width, pad, depthwise) => {
      // tfjs computes a padding by a number from the height alone: windows are square then.
      const across = pad === 'number' ? { ...height, extra: width.extra } : width;
      const dimension = ({ kernel, extra }: typeof height) => kernel + extra;
      const shapes = [
        [2, dimension(height), dimension(across), 3],
        [height.kernel, across.kernel, 3, 2],
      ];
      const given =
        pad === 'number'
          ? Math.min(height.before, height.kernel - 1)
          : pad === 'explicit'
            ? ([
                [0, 0],
                [height.before, height.after],
                [across.before, across.after],
                [0, 0],
              ] as never)
            : pad;
      const strides: [number, number] = [height.stride, across.stride];
      const run = depthwise ? tf.depthwiseConv2d : tf.conv2d;
      const rounding = pad === 'number' || pad === 'explicit' ? 'floor' : undefined;
      const operation = (x: tf.Tensor, filter: tf.Tensor) =>
        run(x as tf.Tensor4D, filter as tf.Tensor4D, strides, given, 'NHWC', [1, 1], rounding);
      expect(await difference(shapes, operation as never)).toBeLessThan(1e-4);
    }),
    { numRuns: 60 },
  );
});

test('max pooling of every stride and padding, also with equal maxima', async () => {
  await fc.assert(
    fc.asyncProperty(axis, axis, fc.constantFrom<'valid' | 'same'>('valid', 'same'), async (height, width, pad) => {
      const shape = [2, height.kernel + height.extra, width.kernel + width.extra, 5];
      // Few different numbers, so that many are equal.
      const operation = (x: tf.Tensor) =>
        tf.maxPool(
          tf.add(tf.mul(0, x), tf.round(tf.mul(1.5, x))) as tf.Tensor4D,
          [height.kernel, width.kernel],
          [height.stride, width.stride],
          pad,
        );
      const pooled = (x: tf.Tensor) =>
        tf.maxPool(x as tf.Tensor4D, [height.kernel, width.kernel], [height.stride, width.stride], pad);
      expect(await difference([shape], operation)).toBeLessThan(1e-4);
      expect(await difference([shape], pooled)).toBeLessThan(1e-4);
    }),
    { numRuns: 30 },
  );
});

test('the first of equal maxima takes the gradient', async () => {
  await tf.setBackend('wasm');
  const gradient = tf.tidy(() =>
    tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'))(tf.ones([1, 4, 4, 1]), tf.ones([1, 2, 2, 1])),
  );
  expect(Array.from(await gradient.data())).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
  tf.dispose(gradient);
});

test('oneHot of floats', async () => {
  await tf.setBackend('wasm');
  const places = tf.tidy(() => tf.oneHot(tf.tensor1d([2, 0, 7], 'int32'), 3, 0.9, 0.1, 'float32'));
  expect(places.dtype).toBe('float32');
  for (const [i, value] of [0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1].entries())
    expect((await places.data())[i]).toBeCloseTo(value, 6);
  tf.dispose(places);
});

test.each([1, 2, 3])('3-D convolutions of stride %i', async (stride) => {
  for (const pad of ['valid', 'same'] as const)
    expect(
      await difference(
        [
          [1, 5, 6, 7, 2],
          [2, 3, 3, 2, 3],
        ],
        ((x: tf.Tensor5D, filter: tf.Tensor5D) => tf.conv3d(x, filter, stride, pad)) as never,
      ),
    ).toBeLessThan(1e-4);
});

test('a small network learns', async () => {
  await tf.setBackend('wasm');
  const model = tfl.sequential();
  model.add(
    tfl.layers.conv2d({
      inputShape: [8, 8, 1],
      filters: 4,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: tfl.initializers.heNormal({ seed: 1 }),
    }),
  );
  model.add(tfl.layers.batchNormalization());
  model.add(tfl.layers.separableConv2d({ filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }));
  model.add(tfl.layers.maxPooling2d({ poolSize: 2 }));
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 2, activation: 'softmax' }));
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy' });
  const x = tf.randomUniform([32, 8, 8, 1], 0, 1, 'float32', 3);
  const y = tf.tidy(() => tf.oneHot(tf.cast(tf.greater(tf.mean(x, [1, 2, 3]), 0.5), 'int32'), 2));
  const { history } = await model.fit(x, y, { epochs: 15, batchSize: 32, shuffle: false, verbose: 0 });
  const losses = history['loss'] as number[];
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.7);
  tf.dispose([x, y]);
});
