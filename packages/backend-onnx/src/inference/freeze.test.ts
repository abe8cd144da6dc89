/** Frozen models: the model's own output, in this thread and in workers, and what happens when things go wrong. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { difference, numbers } from '../testing/both-backends.js';
import { type FrozenModel, type FrozenModelInWorker, freeze } from './freeze.js';

let model: tfl.LayersModel;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  model = network();
});
afterAll(() => model.dispose());

/** The same weights each time, and half of the activations above 0: results are well away from rounding. */
function network(): tfl.LayersModel {
  const x = tfl.input({ shape: [8, 8, 3], name: 'images' });
  const apply = (layer: tfl.layers.Layer, y: tfl.SymbolicTensor) => layer.apply(y) as tfl.SymbolicTensor;
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  let y = apply(tfl.layers.conv2d({ filters: 8, kernelSize: 3, useBias: false, kernelInitializer }), x);
  y = apply(tfl.layers.batchNormalization({ movingMeanInitializer: 'ones', betaInitializer: 'ones' }), y);
  y = apply(tfl.layers.flatten(), apply(tfl.layers.reLU(), y));
  const auxiliary = apply(tfl.layers.dense({ units: 2, name: 'auxiliary', kernelInitializer }), y);
  const main = apply(tfl.layers.dense({ units: 4, name: 'main', kernelInitializer }), y);
  return tfl.model({ inputs: x, outputs: [main, auxiliary] });
}

const pictures = (count: number, seed = 1) => numbers<tf.Rank.R4>([count, 8, 8, 3], seed);

function expected(x: tf.Tensor): Float32Array {
  return tf.tidy(() => (model.predict(x) as tf.Tensor[])[0]?.dataSync<'float32'>() ?? new Float32Array());
}

function expectEqual(actual: ArrayLike<number>, x: tf.Tensor): void {
  expect(difference(actual, expected(x))).toBeNull();
}

const wrongTensors: [string, () => tf.Tensor, RegExp][] = [
  ['another shape', () => tf.zeros([1, 8, 9, 3]), /images has shape \[1, 8, 9, 3\], expected \[.*8, 8, 3\]/],
  ['no batch', () => tf.zeros([8, 8, 3]), /images has shape \[8, 8, 3\], expected/],
  ['another dtype', () => tf.zeros([1, 8, 8, 3], 'int32'), /dtype int32, expected float32/],
];
const wrongArrays: [string, unknown, RegExp][] = [
  ['too few values', new Float32Array(100), /100 values, expected .*192/],
  ['no values', new Float32Array(0), /0 values/],
  ['another type', new Uint8Array(192), /Uint8Array, expected a Float32Array/],
  ['a list', [1, 2, 3], /Array, expected a Float32Array/],
];

describe('in this thread', () => {
  it('gives the model’s own first output, as tensor and as array', () => {
    const x = pictures(1);
    const frozen = freeze(model);
    const before = tf.memory().numTensors;
    const y = frozen.predict(x);
    expect(y.shape).toEqual([1, 4]);
    expectEqual(y.dataSync(), x);
    expectEqual(frozen.run(x.dataSync<'float32'>()), x);
    y.dispose();
    expect(tf.memory().numTensors).toBe(before);
    frozen.dispose();
    x.dispose();
  });

  it('keeps its weights when the model’s change or go', () => {
    const x = pictures(1);
    const copy = network();
    const frozen = freeze(copy);
    const before = frozen.run(x.dataSync<'float32'>());
    tf.tidy(() => copy.setWeights(copy.getWeights().map((weight) => tf.add(weight, 1))));
    expect(frozen.run(x.dataSync<'float32'>())).toEqual(before);
    copy.dispose();
    expect(frozen.run(x.dataSync<'float32'>())).toEqual(before);
    frozen.dispose();
    x.dispose();
  });

  it('works on a model and tensors of another backend', async () => {
    const x = pictures(1);
    const right = expected(x);
    await tf.setBackend('cpu');
    const frozen = freeze(model);
    expect(tf.getBackend()).toBe('cpu');
    const y = frozen.predict(x);
    expect(difference(y.dataSync(), right)).toBeNull();
    tf.dispose([x, y]);
    frozen.dispose();
    await tf.setBackend('onnx');
  });

  it('any number of pictures, in any order', () => {
    const frozen = freeze(model);
    for (const count of [3, 1, 7, 3]) {
      const x = pictures(count);
      expectEqual(frozen.run(x.dataSync<'float32'>()), x);
      const y = frozen.predict(x);
      expect(y.shape).toEqual([count, 4]);
      tf.dispose([x, y]);
    }
    frozen.dispose();
  });

  it('a picture of a size that the model leaves open', () => {
    const open = tfl.sequential();
    open.add(tfl.layers.conv2d({ inputShape: [null, null, 3] as unknown as number[], filters: 2, kernelSize: 3 }));
    open.add(tfl.layers.globalAveragePooling2d({}));
    expect(() => freeze(open)).toThrow(/inputShape/);
    const frozen = freeze(open, { inputShape: [6, 9, 3] });
    expect(frozen.run(new Float32Array(6 * 9 * 3))).toHaveLength(2);
    frozen.dispose();
    open.dispose();
  });

  it('a batch of its own size', () => {
    const x = pictures(3);
    const frozen = freeze(model, { batchSize: 3 });
    expectEqual(frozen.run(x.dataSync<'float32'>()), x);
    expect(() => frozen.run(new Float32Array(192))).toThrow(RangeError);
    frozen.dispose();
    x.dispose();
  });

  it.each(wrongTensors)('predict refuses %s', (_, make, message) => {
    const frozen = freeze(model);
    const x = make();
    expect(() => frozen.predict(x)).toThrow(message);
    x.dispose();
    frozen.dispose();
  });

  it.each(wrongArrays)('run refuses %s', (_, images, message) => {
    const frozen = freeze(model);
    expect(() => frozen.run(images as Float32Array)).toThrow(message);
    frozen.dispose();
  });

  it('says so after dispose, which may be called twice', () => {
    const frozen = freeze(model);
    frozen.dispose();
    frozen.dispose();
    expect(() => frozen.run(new Float32Array(192))).toThrow(/disposed/);
  });
});

describe('options', () => {
  it.each([
    [{ batchSize: 0 }, /batchSize must be an integer of at least 1, got 0/],
    [{ batchSize: 1.5 }, /batchSize must be an integer of at least 1, got 1.5/],
    [{ threads: 0 }, /threads must be .*, got 0/],
    [{ worker: 0 }, /worker must be true or false or an integer of at least 1, got 0/],
    [
      { worker: true, batching: { maxBatchSize: 0, maxDelay: 1 } },
      /batching.maxBatchSize must be an integer of at least 1, got 0/,
    ],
    [{ worker: true, batching: { maxBatchSize: 2, maxDelay: -1 } }, /batching.maxDelay must be .*, got -1/],
    [{ worker: true, batchSize: 2, batching: { maxBatchSize: 2, maxDelay: 1 } }, /batchSize is 2: leave it out/],
    [{ batching: { maxBatchSize: 2, maxDelay: 1 } }, /worker: true/],
    [{ batchsize: 2 }, /freeze has no option 'batchsize': did you mean 'batchSize'\?/],
  ])('%j is refused', (options, message) => {
    expect(() => freeze(model, options as { worker: true })).toThrow(message);
  });

  it('what is no model is refused', () => {
    expect(() => freeze(null as unknown as tfl.LayersModel)).toThrow(TypeError);
  });
});

describe('in workers', () => {
  async function withWorkers(
    options: { worker: true | number; batching?: { maxBatchSize: number; maxDelay: number } },
    use: (frozen: FrozenModelInWorker) => Promise<void>,
  ): Promise<void> {
    const frozen = freeze(model, { threads: 1, ...options });
    try {
      await use(frozen);
    } finally {
      await frozen.dispose();
    }
  }

  it('gives the model’s own output, as tensor and as array', async () => {
    const x = pictures(1);
    await withWorkers({ worker: true }, async (frozen) => {
      const before = tf.memory().numTensors;
      const y = await frozen.predict(x);
      expect(y.shape).toEqual([1, 4]);
      expectEqual(y.dataSync(), x);
      expectEqual(await frozen.run(x.dataSync<'float32'>()), x);
      y.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
    x.dispose();
  });

  it('each request gets its own result, whatever the number of workers and batches', async () => {
    const inputs = Array.from({ length: 20 }, (_, i) => pictures(1, i + 1));
    for (const options of [{ worker: 2 }, { worker: true, batching: { maxBatchSize: 8, maxDelay: 2 } }] as const)
      await withWorkers(options, async (frozen) => {
        const results = await Promise.all(inputs.map((x) => frozen.run(x.dataSync<'float32'>())));
        results.forEach((result, i) => {
          const x = inputs[i];
          if (x) expectEqual(result, x);
        });
      });
    tf.dispose(inputs);
  });

  it('may write to the array again as soon as run has returned', async () => {
    const x = pictures(1);
    await withWorkers({ worker: true }, async (frozen) => {
      const array = x.dataSync<'float32'>().slice();
      const result = frozen.run(array);
      array.fill(0);
      expectEqual(await result, x);
    });
    x.dispose();
  });

  it('finishes what it was given before dispose, and nothing after it', async () => {
    const x = pictures(1);
    const frozen = freeze(model, { worker: true, threads: 1 });
    const requests = Array.from({ length: 8 }, () => frozen.run(x.dataSync<'float32'>()));
    const disposal = frozen.dispose();
    await expect(frozen.run(x.dataSync<'float32'>())).rejects.toThrow(/disposed/);
    for (const result of await Promise.all(requests)) expectEqual(result, x);
    await disposal;
    await frozen.dispose();
    x.dispose();
  });

  it('sends batches that wait before dispose', async () => {
    const x = pictures(1);
    const frozen = freeze(model, { worker: true, threads: 1, batching: { maxBatchSize: 3, maxDelay: 60_000 } });
    const requests = Array.from({ length: 8 }, () => frozen.run(x.dataSync<'float32'>()));
    await frozen.dispose();
    for (const result of await Promise.all(requests)) expectEqual(result, x);
    x.dispose();
  });

  it.each(wrongTensors)('predict refuses %s', async (_, make, message) => {
    const x = make();
    await withWorkers({ worker: true }, async (frozen) => {
      await expect(frozen.predict(x)).rejects.toThrow(message);
    });
    x.dispose();
  });
});

it('is typed by its options', () => {
  const here: (model: tfl.LayersModel) => FrozenModel = (m) => freeze(m, { batchSize: 2 });
  const there: (model: tfl.LayersModel) => FrozenModelInWorker = (m) => freeze(m, { worker: 2 });
  expect([here, there]).toHaveLength(2);
});
