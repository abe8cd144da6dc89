import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeModel } from '@cnnzoo/onnx-format';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { exportOnnx, writeOnnx } from './export-onnx.js';

type Call = (x: tf.Tensor) => tf.Tensor;

/** A layer that does what a function does. */
class Custom extends tfl.layers.Layer {
  static readonly className = 'CustomOfExportTest';
  constructor(
    private readonly compute: Call,
    name: string,
  ) {
    super({ name });
  }
  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return shape;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = [inputs].flat();
    return tf.tidy(() => this.compute(x as tf.Tensor));
  }
}

/** A model of one layer that does what a function does, on [batch, 4, 5, 3]. */
function modelOf(compute: Call): tfl.LayersModel {
  const x = tfl.input({ shape: [4, 5, 3], name: 'picture' });
  return tfl.model({ inputs: x, outputs: new Custom(compute, 'custom').apply(x) as tfl.SymbolicTensor });
}

/** Convolutions with and without bias before batch norm, a depthwise one, pooling and dense layers; and statistics that are not 0 and 1. */
function network(): tfl.LayersModel {
  const x = tfl.input({ shape: [9, 8, 3], name: 'picture' });
  const chain = (from: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]) =>
    layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, from);
  const trunk = chain(
    x,
    tfl.layers.conv2d({ filters: 12, kernelSize: 3, padding: 'same', useBias: false, name: 'conv1' }),
    tfl.layers.batchNormalization({ name: 'bn1' }),
    tfl.layers.reLU({ name: 'relu1' }),
    tfl.layers.depthwiseConv2d({ kernelSize: 3, name: 'depthwise' }),
    tfl.layers.batchNormalization({ name: 'bn2' }),
    tfl.layers.maxPooling2d({ poolSize: 2, name: 'pool' }),
    tfl.layers.conv2d({ filters: 4, kernelSize: 2, activation: 'relu', name: 'conv2' }),
    tfl.layers.flatten({ name: 'flatten' }),
    tfl.layers.dropout({ rate: 0.5, name: 'dropout' }),
    tfl.layers.dense({ units: 5, name: 'fc' }),
  );
  const model = tfl.model({ inputs: x, outputs: trunk, name: 'small' });
  model.setWeights(model.weights.map(({ shape, name }) => values(shape as number[], /variance/.test(name) ? 1 : 0)));
  model.setUserDefinedMetadata({
    id: 'small_net',
    preprocessing: { resizeSize: 9, cropSize: 8, mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
    categories: ['a', 'b', 'c', 'd', 'e'],
    licence: 'BSD-3-Clause',
  });
  return model;
}

/** Numbers from base - 0.5 to base + 0.5. */
function values(shape: number[], base: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => base + 0.5 * Math.sin(1.7 * i + 1)),
    shape,
  );
}

async function run(file: Uint8Array | string, data: Float32Array | Uint8Array, dims: number[]): Promise<Tensor> {
  const session = typeof file === 'string' ? await InferenceSession.create(file) : await InferenceSession.create(file);
  const [input = '', output = ''] = [...session.inputNames, ...session.outputNames];
  const type = data instanceof Uint8Array ? 'uint8' : 'float32';
  const result = await session.run({ [input]: new Tensor(type, data as Float32Array, dims) });
  await session.release();
  return result[output] as Tensor;
}

function expectClose(actual: ArrayLike<unknown>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const size = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(Number(actual[i]) - (expected[i] ?? 0))).toBeLessThanOrEqual(1e-5 * size);
}

/** What tfjs's cpu backend says. */
function predicted(model: tfl.LayersModel, data: Float32Array, shape: number[]): Float32Array {
  return tf.tidy(() => (model.predict(tf.tensor(data, shape)) as tf.Tensor).dataSync<'float32'>().slice());
}

const folder = mkdtempSync(join(tmpdir(), 'export-'));

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const picture = (count: number) => Float32Array.from({ length: count * 9 * 8 * 3 }, (_, i) => Math.sin(i));

describe('exportOnnx', () => {
  test('of any batch size gives the model’s own output, and leaves tfjs as it was', async () => {
    const model = network();
    const tensors = tf.memory().numTensors;
    const file = exportOnnx(model);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tf.getBackend()).toBe('cpu');
    for (const count of [1, 3]) {
      const output = await run(file, picture(count), [count, 9, 8, 3]);
      expect(output.dims).toEqual([count, 5]);
      expectClose(output.data, predicted(model, picture(count), [count, 9, 8, 3]));
    }
    const session = await InferenceSession.create(file);
    expect(session.inputNames).toEqual(['picture']);
    expect(session.outputNames).toEqual(['fc']);
    expect(session.inputMetadata[0]).toMatchObject({ shape: ['batch', 9, 8, 3] });
    expect(session.outputMetadata[0]).toMatchObject({ shape: ['batch', 5] });
    await session.release();
  });

  test.each([17, 18, 19, 20, 21, 22])('of a fixed batch size, in opset %i', async (opset) => {
    const model = network();
    const file = exportOnnx(model, { batchSize: 2, opset });
    expectClose((await run(file, picture(2), [2, 9, 8, 3])).data, predicted(model, picture(2), [2, 9, 8, 3]));
    await expect(run(file, picture(3), [3, 9, 8, 3])).rejects.toThrow();
  });

  test('after training, when filters are stored in another order', async () => {
    await tf.setBackend('onnx');
    const model = network();
    model.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
    const [x, y] = [tf.tensor(picture(4), [4, 9, 8, 3]), tf.ones([4, 5])];
    await model.fit(x, y, { epochs: 2, verbose: 0 });
    const file = exportOnnx(model);
    // The file stays as it is when training goes on.
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const now = exportOnnx(model);
    expect(Buffer.compare(file, now)).not.toBe(0);
    await tf.setBackend('cpu');
    expectClose((await run(now, picture(2), [2, 9, 8, 3])).data, predicted(model, picture(2), [2, 9, 8, 3]));
  });

  test('in NCHW, with feature maps in NCHW, too', async () => {
    const whole = network();
    const conv1 = whole.getLayer('relu1').output as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: whole.inputs, outputs: conv1 });
    const data = picture(2);
    const moved = tf.tidy(() => tf.transpose(tf.tensor4d(data, [2, 9, 8, 3]), [0, 3, 1, 2]).dataSync<'float32'>());
    const output = await run(exportOnnx(model, { layout: 'NCHW' }), moved, [2, 3, 9, 8]);
    expect(output.dims).toEqual([2, 12, 9, 8]);
    const expected = tf.tidy(() =>
      tf.transpose(model.predict(tf.tensor4d(data, [2, 9, 8, 3])) as tf.Tensor4D, [0, 3, 1, 2]).dataSync<'float32'>(),
    );
    expectClose(output.data, expected);
  });

  test.each(['NHWC', 'NCHW'] as const)('with preprocessing inside, in %s', async (layout) => {
    const model = network();
    const pixels = Uint8Array.from({ length: 2 * 9 * 8 * 3 }, (_, i) => (i * 37) % 256);
    const [mean, std] = [
      [0.4, 0.5, 0.6],
      [0.2, 0.25, 0.3],
    ];
    const normalized = Float32Array.from(pixels, (value, i) => (value / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1));
    const expected = predicted(model, normalized, [2, 9, 8, 3]);
    const file = exportOnnx(model, { preprocessing: true, layout });
    const planes = tf.tidy(() => tf.transpose(tf.tensor4d(pixels, [2, 9, 8, 3], 'int32'), [0, 3, 1, 2]).dataSync());
    const output =
      layout === 'NHWC'
        ? await run(file, pixels, [2, 9, 8, 3])
        : await run(file, Uint8Array.from(planes), [2, 3, 9, 8]);
    expectClose(output.data, expected);
  });

  test('carries what the model knows of itself, and no operators of other domains', () => {
    const text = Buffer.from(exportOnnx(network())).toString('latin1');
    for (const part of [
      'small_net',
      '"categories"'.slice(1, -1),
      '["a","b","c","d","e"]',
      'BSD-3-Clause',
      '"std":[0.2',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('com.microsoft');
    expect(text).not.toContain('BatchNormalization'.concat('\u0000'));
    expect(Buffer.from(exportOnnx(network(), { licence: 'MIT' })).toString('latin1')).toContain('MIT');
  });

  test('computes shapes that follow the batch', async () => {
    const model = modelOf((x) => tf.concat([tf.add(x, tf.onesLike(x)), tf.zerosLike(x)], 1));
    const data = new Float32Array(3 * 60).fill(2);
    const output = await run(exportOnnx(model), data, [3, 4, 5, 3]);
    expect(output.dims).toEqual([3, 8, 5, 3]);
    expectClose(output.data, predicted(model, data, [3, 4, 5, 3]));
  });

  test.each<[string, Call, RegExp]>([
    ['an operation without ONNX form', (x) => tf.tan(x), /layer 'custom' \(CustomOfExportTest\).*op 'Tan'/],
    ['a read', (x) => tf.mul(x, x.dataSync()[0] ?? 0), /layer 'custom'.*read/],
    ['a constant of the batch’s size', (x) => tf.mul(x, tf.ones([x.shape[0] ?? 1, 1, 1, 1])), /layer 'custom'/],
    ['the batch size as a number', (x) => tf.div(x, x.shape[0] ?? 1), /'dynamic'.*layer 'custom'/],
  ])('refuses %s, naming the layer', (_, compute, message) => {
    const model = modelOf(compute);
    const tensors = tf.memory().numTensors;
    expect(() => exportOnnx(model)).toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tf.getBackend()).toBe('cpu');
    // Nothing of the refusal sticks to the model.
    expect(Object.hasOwn(model.getLayer('custom'), 'call')).toBe(false);
  });

  test.each<[string, object, RegExp]>([
    ['opset', { opset: 16 }, /opset is 16, expected one of 17/],
    ['batchSize', { batchSize: 0 }, /batchSize is 0/],
    ['batchSize', { batchSize: 'any' }, /batchSize is 'any'/],
    ['layout', { layout: 'NWHC' }, /layout is 'NWHC'/],
    ['preprocessing', { preprocessing: 'yes' }, /preprocessing is 'yes'/],
    ['licence', { licence: 3 }, /licence is 3/],
    ['weights', { weights: 'int8' }, /weights is 'int8', expected 'float32' or 'float16'/],
    ['inputShape', { inputShape: [8, 8, 3] }, /inputShape is \[8, 8, 3\]/],
    ['an unknown option', { batch: 3 }, /unknown option 'batch'/],
  ])('refuses a wrong %s', (_, options, message) => {
    expect(() => exportOnnx(network(), options as object)).toThrow(message);
  });

  test('refuses preprocessing that the model does not know, and what is no model', () => {
    expect(() => exportOnnx(modelOf(tf.relu), { preprocessing: true })).toThrow(/does not say which/);
    expect(() => exportOnnx({} as tfl.LayersModel)).toThrow(/expected a layers model/);
  });

  test('of open height and width asks for them', async () => {
    const x = tfl.input({ shape: [null, null, 3] });
    const conv = tfl.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu' });
    const model = tfl.model({ inputs: x, outputs: conv.apply(x) as tfl.SymbolicTensor });
    expect(() => exportOnnx(model)).toThrow(/say which with inputShape/);
    const output = await run(exportOnnx(model, { inputShape: [6, 7, 3] }), new Float32Array(126), [1, 6, 7, 3]);
    expect(output.dims).toEqual([1, 4, 5, 2]);
  });
});

test('weights of float16 are half the size, and what half floats have no room for stays', async () => {
  const model = network();
  const weights = model.getWeights().map((weight) => weight.clone());
  // A filter that would become infinite, and one whose numbers half floats hardly tell apart.
  const factors: Readonly<Record<string, number>> = { depthwise: 2e5, conv2: 1e-5 };
  const factorOf = (name = '') => factors[name.split('/')[0] ?? ''] ?? 1;
  for (const changed of [false, true]) {
    if (changed) model.setWeights(weights.map((weight, i) => tf.mul(weight, factorOf(model.weights[i]?.name))));
    const [whole, file] = [exportOnnx(model), exportOnnx(model, { weights: 'float16' })];
    const types = new Map(decodeModel(file).graph?.initializer.map(({ name, dataType }) => [name, dataType]));
    const halves = [...types].filter(([, type]) => type === 10).length;
    expect(halves).toBe(changed ? 2 : 4);
    const exact = await run(whole, picture(2), [2, 9, 8, 3]);
    const found = await run(file, picture(2), [2, 9, 8, 3]);
    const largest = Math.max(...Array.from(exact.data as Float32Array, Math.abs));
    for (const [i, value] of (exact.data as Float32Array).entries())
      expect(Math.abs(value - Number(found.data[i]))).toBeLessThan(2e-3 * largest);
  }
  const apart = join(folder, 'halves.onnx');
  await writeOnnx(model, apart, { weights: 'float16', externalData: true });
  expect((await run(apart, picture(2), [2, 9, 8, 3])).dims).toEqual([2, 5]);
  for (const path of [apart, `${apart}.data`]) rmSync(path);
});

describe('writeOnnx', () => {
  test('writes one file, or weights beside it, and both run', async () => {
    const model = network();
    const expected = predicted(model, picture(2), [2, 9, 8, 3]);
    const [one, apart] = [join(folder, 'one.onnx'), join(folder, 'apart.onnx')];
    expect(await writeOnnx(model, one)).toEqual([one]);
    expect(await writeOnnx(model, apart, { externalData: true })).toEqual([apart, `${apart}.data`]);
    expect(readFileSync(apart).length).toBeLessThan(readFileSync(one).length);
    expect(readdirSync(folder).sort()).toEqual(['apart.onnx', 'apart.onnx.data', 'one.onnx']);
    for (const file of [one, apart]) expectClose((await run(file, picture(2), [2, 9, 8, 3])).data, expected);
  });

  test('leaves nothing behind where it cannot write', async () => {
    await expect(writeOnnx(network(), join(folder, 'missing', 'x.onnx'))).rejects.toThrow(/ENOENT/);
    await expect(writeOnnx(network(), '')).rejects.toThrow(/path must be the path of a file/);
  });
});
