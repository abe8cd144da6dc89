/** What the backend promises a user of tfjs besides the numbers. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { numbers, randomValues } from '../testing/both-backends.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

describe('reading', () => {
  it('is possible at once and later', async () => {
    const x = tf.square(tf.tensor1d([1, 2, 3]));
    const y = tf.add(x, 1);
    expect([...x.dataSync()]).toEqual([1, 4, 9]);
    expect([...(await y.data())]).toEqual([2, 5, 10]);
    expect(await y.array()).toEqual([2, 5, 10]);
    tf.dispose([x, y]);
  });

  it('gives arrays that outlive the tensor and later steps', async () => {
    const arrays: ArrayLike<number>[] = [];
    for (let step = 0; step < 12; step++) {
      const x = tf.mul(tf.tensor1d([1, 2, 3, 4]), step);
      const y = tf.add(x, 0.5);
      arrays.push(step % 2 === 0 ? y.dataSync() : await y.data());
      tf.dispose([x, y]);
    }
    arrays.forEach((array, step) => {
      expect(Array.from(array)).toEqual([1, 2, 3, 4].map((value) => value * step + 0.5));
    });
  });

  it('never writes into an array that the user has given', () => {
    const own = randomValues(64, 3);
    const before = own.slice();
    for (let step = 0; step < 10; step++)
      tf.tidy(() => {
        const x = tf.tensor4d(own, [1, 4, 4, 4]);
        tf.mul(tf.conv2d(x, numbers([3, 3, 4, 4], step), 1, 'same'), 3).dataSync();
        tf.add(tf.reshape(x, [64]), 1).dataSync();
      });
    expect(own).toEqual(before);
  });

  it('never writes into values that another tensor shares', () => {
    const x = tf.add(tf.tensor1d([1, 2, 3, 4]), 1);
    x.dataSync();
    const same = tf.reshape(x, [2, 2]);
    const clone = tf.clone(x);
    x.dispose();
    for (let step = 0; step < 5; step++) tf.tidy(() => tf.add(tf.tensor1d([9, 9, 9, 9]), step).dataSync());
    expect([...same.dataSync()]).toEqual([2, 3, 4, 5]);
    expect([...clone.dataSync()]).toEqual([2, 3, 4, 5]);
    tf.dispose([same, clone]);
  });

  it('gives filters back in their logical order, whatever order they are stored in', () => {
    const values = randomValues(3 * 3 * 4 * 8, 2);
    const filter = tf.variable(tf.tensor4d(values, [3, 3, 4, 8]));
    const x = numbers<tf.Rank.R4>([1, 5, 5, 4]);
    const optimizer = tf.train.sgd(0);
    for (let step = 0; step < 3; step++)
      optimizer.minimize(() => tf.sum(tf.square(tf.conv2d(x, filter, 1, 'same'))) as tf.Scalar);
    expect(filter.dataSync()).toEqual(values);
    tf.dispose([x, filter]);
  });
});

describe('tensors', () => {
  it('may be let go of while nothing has been computed', () => {
    const before = tf.memory();
    const x = tf.tensor1d([1, 2]);
    const doubled = tf.mul(x, 2);
    const result = tf.add(doubled, 1);
    tf.dispose([x, doubled]);
    expect([...result.dataSync()]).toEqual([3, 5]);
    const never = tf.exp(result);
    never.dispose();
    result.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  it('move between backends', async () => {
    const x = tf.square(tf.tensor1d([1, 2, 3]));
    await tf.setBackend('cpu');
    const y = tf.add(x, 1);
    expect([...y.dataSync()]).toEqual([2, 5, 10]);
    await tf.setBackend('onnx');
    expect([...tf.mul(x, y).dataSync()]).toEqual([2, 20, 90]);
    expect([...x.dataSync()]).toEqual([1, 4, 9]);
    tf.dispose([x, y]);
  });

  it('that have left for another backend come back, shared ones too', async () => {
    const onnx = tf.backend();
    const before = onnx.numDataIds();
    const x = tf.tidy(() => tf.square(tf.tensor1d([1, 2, 3])));
    const shared = tf.clone(x);
    const { dataId } = x;
    await tf.setBackend('cpu');
    expect([...tf.tidy(() => tf.neg(x).dataSync())]).toEqual([-1, -4, -9]);
    await tf.setBackend('onnx');
    expect(onnx.numDataIds()).toBe(before);
    expect([...tf.tidy(() => tf.add(x, shared).dataSync())]).toEqual([2, 8, 18]);
    expect(onnx.numDataIds()).toBe(before + 1);
    x.dispose();
    expect([...tf.tidy(() => tf.add(shared, 1).dataSync())]).toEqual([2, 5, 10]);
    shared.dispose();
    expect(onnx.numDataIds()).toBe(before);
    expect(onnx.refCount(dataId)).toBe(0);
  });

  it('may be strings, complex numbers or empty', () => {
    tf.tidy(() => {
      const words = tf.tensor1d(['a', 'bé', '漢字']);
      expect(words.dataSync()).toEqual(['a', 'bé', '漢字']);
      expect(tf.slice(words, [1], [1]).dataSync()).toEqual(['bé']);
      expect(tf.concat([words, words]).shape).toEqual([6]);
      const z = tf.complex(tf.add(tf.tensor1d([1, 2]), 1), tf.tensor1d([3, 4]));
      expect([...tf.real(tf.mul(z, z)).dataSync()]).toEqual([2 * 2 - 9, 3 * 3 - 16]);
      expect([...z.dataSync()]).toEqual([2, 3, 3, 4]);
      expect(tf.add(tf.zeros([0, 3]), 1).dataSync()).toHaveLength(0);
      expect(tf.zeros([2, 0]).shape).toEqual([2, 0]);
      expect(tf.scalar(true).dataSync()[0]).toBe(1);
    });
  });
});

describe('tf.memory, tf.time and tf.profile', () => {
  it('memory counts tensors and bytes', () => {
    const before = tf.memory();
    const x = tf.zeros([10, 10]);
    const y = tf.add(x, 1);
    expect(tf.memory()).toMatchObject({
      numTensors: before.numTensors + 2,
      numDataBuffers: before.numDataBuffers + 2,
      numBytes: before.numBytes + 800,
      unreliable: false,
    });
    tf.dispose([x, y]);
    expect(tf.memory()).toEqual(before);
  });

  it('time runs what was recorded, and only that of the function', async () => {
    const before = tf.memory().numTensors;
    const runs = engineStats();
    const { kernelMs, wallMs } = await tf.time(() =>
      tf.tidy(() => tf.matMul(numbers([64, 64]), numbers([64, 64])).dataSync()),
    );
    expect(kernelMs).toBeGreaterThan(0);
    expect(wallMs).toBeGreaterThanOrEqual(kernelMs as number);
    expect(engineStats().runTime).toBeGreaterThan(runs.runTime);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('time includes results that nobody reads', async () => {
    const runs = engineStats().compilations + engineStats().cacheHits;
    await tf.time(() => {
      tf.keep(tf.matMul(numbers([8, 8]), numbers([8, 8])));
    });
    expect(engineStats().compilations + engineStats().cacheHits).toBe(runs + 1);
  });

  it('profile tells kernels, shapes and new bytes', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const profile = await tf.profile(() => tf.tidy(() => tf.sum(tf.square(x))));
    expect(profile.kernelNames.toSorted()).toEqual(['Square', 'Sum']);
    expect(profile.newTensors).toBe(1);
    expect(profile.newBytes).toBe(4);
    expect(profile.kernels.find(({ name }) => name === 'Square')?.outputShapes).toEqual([[3]]);
    expect(await (profile.result as tf.Tensor).data()).toEqual(new Float32Array([14]));
    tf.dispose([x, profile.result as tf.Tensor]);
  });
});

it('counts each call of a kernel that it lacks, by name', () => {
  const before = engineStats().fallbacks['Atan2'] ?? 0;
  tf.tidy(() => {
    const x = tf.tensor1d([1, 2]);
    expect(tf.atan2(x, x).dataSync()[1]).toBeCloseTo(Math.PI / 4);
    tf.atan2(x, tf.add(x, 1));
  });
  expect(engineStats().fallbacks['Atan2']).toBe(before + 2);
});
