/** Networks that compute with rounded numbers: as the quantized file does, with gradients, and as before when that is removed. */
import { freeze, int8Products, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { cifarResnet } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { quantize } from '../index.js';
import { lopsidedNetwork } from '../testing/lopsided-network.js';
import { fakeQuantize } from './fake-quantize.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));

// Where sums of 8-bit products saturate, a file of int8 computes something else than it says.
it.each(int8Products() === 'exact' ? (['int8', 'int7'] as const) : (['int7'] as const))(
  'a network computes as its file of %s does, and as before when that is removed',
  async (weights) => {
    const { model, images, labels } = lopsidedNetwork(0.3);
    const scores = () =>
      tf.tidy(() =>
        (model.apply(tf.tensor4d(images, [labels.length, 8, 8, 3])) as tf.Tensor).dataSync<'float32'>().slice(),
      );
    const exact = scores();
    const before = tf.memory().numTensors;
    const rounding = fakeQuantize(model, { weights });
    expect(rounding.layers).toEqual(['good', 'lopsided', 'scores', 'pool']);
    const rounded = scores();
    expect(tf.memory().numTensors).toBe(before);
    expect(() => fakeQuantize(model)).toThrow(/already: remove/);
    await expect(quantize(model, [images])).rejects.toThrow(/remove\(\)/);
    rounding.remove();
    expect(scores()).toEqual(exact);
    // The file would round the mean, too, which nothing reads here.
    const frozen = freeze(await quantize(model, [images], { weights, exclude: ['pool'] }));
    const found = frozen.run(images);
    frozen.dispose();
    // Of what rounding does to the scores, little is another rounding: where values lie on a step's edge.
    expect(distance(rounded, found)).toBeLessThan(0.5 * distance(exact, found));
    model.dispose();
  },
);

it('residual networks are rounded where their files are', () => {
  const model = cifarResnet({ depth: 20 });
  const { layers, remove } = fakeQuantize(model);
  for (const name of ['conv1', 'layer2.0.conv1', 'layer2.0.add', 'avgpool', 'linear']) expect(layers).toContain(name);
  expect(layers).toHaveLength(19 + 9 + 2);
  remove();
  model.dispose();
});

it('fine-tuning finds weights that lose less when they are rounded', async () => {
  // So large that the other weights of the layer have three values.
  const { model, images, labels } = lopsidedNetwork(8);
  const options = { weights: 'int7' } as const;
  const [x, y] = [tf.tensor4d(images, [labels.length, 8, 8, 3]), tf.oneHot(tf.tensor1d(labels, 'int32'), 4)];
  const lossOf = async () => {
    const frozen = freeze(await quantize(model, [images], options));
    const scores = tf.tensor2d(frozen.run(images), [labels.length, 4]);
    frozen.dispose();
    const loss = tf.tidy(() => tf.losses.softmaxCrossEntropy(y, scores).dataSync()[0] ?? Number.NaN);
    scores.dispose();
    return loss;
  };
  const before = await lossOf();
  const rounding = fakeQuantize(model, options);
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < 20; step++)
    optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
    );
  rounding.remove();
  expect(await lossOf()).toBeLessThan(0.5 * before);
  tf.dispose([x, y]);
  optimizer.dispose();
  model.dispose();
});
