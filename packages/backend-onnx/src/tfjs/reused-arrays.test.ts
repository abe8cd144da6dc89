/** A tensor keeps the numbers with which it was made, whatever happens to the array afterwards. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { freeze } from '../inference/freeze.js';
import { registerOnnxBackend } from '../register-backend.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

/** Ways to make a tensor of an array that is there already. */
const makers: Readonly<Record<string, (size: number) => { fill: (value: number) => void; make: () => tf.Tensor }>> = {
  Float32Array: (size) => {
    const array = new Float32Array(size);
    return { fill: (value) => array.fill(value), make: () => tf.tensor(array, [size]) };
  },
  Int32Array: (size) => {
    const array = new Int32Array(size);
    return { fill: (value) => array.fill(value), make: () => tf.tensor(array, [size], 'int32') };
  },
  'part of an ArrayBuffer': (size) => {
    const array = new Float32Array(new ArrayBuffer(4 * size + 8), 4, size);
    return { fill: (value) => array.fill(value), make: () => tf.tensor(array, [size]) };
  },
  SharedArrayBuffer: (size) => {
    const array = new Float32Array(new SharedArrayBuffer(4 * size));
    return { fill: (value) => array.fill(value), make: () => tf.tensor(array, [size]) };
  },
  'Uint8Array as bool': (size) => {
    const array = new Uint8Array(size);
    return { fill: (value) => array.fill(value % 2), make: () => tf.tensor(array, [size], 'bool') };
  },
  'Buffer as bool': (size) => {
    const array = Buffer.alloc(size);
    return { fill: (value) => array.fill(value % 2), make: () => tf.tensor(array, [size], 'bool') };
  },
  list: (size) => {
    const list = new Array<number>(size).fill(0);
    return { fill: (value) => list.fill(value), make: () => tf.tensor(list, [size]) };
  },
  TensorBuffer: (size) => {
    const buffer = tf.buffer([size]);
    return { fill: (value) => buffer.values.fill(value), make: () => buffer.toTensor() };
  },
  'bufferSync of a tensor': (size) => {
    const buffer = tf.zeros([size]).bufferSync();
    return { fill: (value) => buffer.values.fill(value), make: () => buffer.toTensor() };
  },
  "an image's pixels": (size) => {
    const data = new Uint8Array(4 * size);
    const pixels = { data, width: size, height: 1 };
    return {
      fill: (value) => data.fill(value),
      make: () => tf.slice(tf.browser.fromPixels(pixels), [0, 0, 0], [1, size, 1]),
    };
  },
  'what was read': (size) => {
    const array = tf.mul(tf.ones([size]), 0).dataSync();
    return { fill: (value) => array.fill(value), make: () => tf.tensor(array, [size]) };
  },
};

it.each(Object.keys(makers))('%s that is filled again changes no result that was asked for', (name) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.array(fc.record({ value: fc.integer({ min: 0, max: 9 }), reads: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      (size, steps) => {
        tf.tidy(() => {
          const maker = makers[name]?.(size);
          const results: [tf.Tensor, number][] = [];
          for (const { value, reads } of steps) {
            maker?.fill(value);
            const x = maker?.make() ?? tf.scalar(0);
            const number = x.dtype === 'bool' ? value % 2 : value;
            const y = tf.add(tf.cast(x, 'float32'), 1);
            results.push([x, number], [y, number + 1]);
            if (reads) expect(y.dataSync()[0]).toBe(number + 1);
          }
          maker?.fill(7);
          for (const [tensor, number] of results)
            expect([...new Set(tensor.dataSync())], `${tensor.dtype}[${tensor.shape}]`).toEqual([number]);
        });
      },
    ),
    { numRuns: 10 },
  );
});

it('an array that was read and is written to changes neither its tensor nor what is recorded of it', () => {
  tf.tidy(() => {
    for (const x of [tf.tensor1d([1, 2, 3]), tf.square(tf.tensor1d([1, 2, 3])), tf.variable(tf.tensor1d([1, 2, 3]))]) {
      const before = [...x.dataSync()];
      const y = tf.add(x, 1);
      x.dataSync().fill(9);
      expect([...x.dataSync()]).toEqual(before);
      expect([...y.dataSync()]).toEqual(before.map((value) => value + 1));
    }
  });
});

it('training on one buffer that is filled for each batch learns what was in it', async () => {
  const weights = tf.variable(tf.zeros([2, 1]));
  const optimizer = tf.train.sgd(0.1);
  const batch = new Float32Array(8);
  for (let step = 0; step < 60; step++) {
    const labels: number[][] = [];
    for (let i = 0; i < 4; i++) {
      batch.set([Math.sin(step * 4 + i), Math.cos(3 * step + i)], 2 * i);
      labels.push([2 * (batch[2 * i] ?? 0) - (batch[2 * i + 1] ?? 0)]);
    }
    tf.tidy(() => {
      const [x, y] = [tf.tensor2d(batch, [4, 2]), tf.tensor2d(labels)];
      optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, weights)) as tf.Scalar);
    });
  }
  const [a, b] = weights.dataSync();
  expect(a).toBeCloseTo(1.996, 2);
  expect(b).toBeCloseTo(-0.998, 2);
  weights.dispose();
});

it('predictions on one frame, a frozen model and weights that were set from one array keep their numbers', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2], useBias: false })] });
  const kernel = Float32Array.of(1, 2);
  model.setWeights([tf.tensor2d(kernel, [2, 1])]);
  kernel.fill(100);
  const frame = new Float32Array(2);
  const results = [1, 2, 3].map((value) => {
    frame.fill(value);
    return model.predict(tf.tensor2d(frame, [1, 2])) as tf.Tensor;
  });
  expect(results.map((result) => result.dataSync()[0])).toEqual([3, 6, 9]);
  const frozen = freeze(model, { worker: true, threads: 1 });
  const promises = [1, 2, 3].map((value) => {
    frame.fill(value);
    return frozen.run(frame);
  });
  expect((await Promise.all(promises)).map(([result]) => result)).toEqual([3, 6, 9]);
  await frozen.dispose();
  tf.dispose(results);
  model.dispose();
});
