import { integer, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import {
  type AuxiliaryModelOptions,
  add,
  buildModel,
  connect,
  conv2d,
  dense,
  dropout,
  features,
  globalAveragePooling2d,
  modelMetadata,
  setModelMetadata,
  setZca,
} from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

/** A network with everything that an architecture can have. */
function network(options: AuxiliaryModelOptions & { width?: number } = {}) {
  const width = options?.width ?? 2;
  return buildModel<{ width?: number }>(
    {
      id: 'network',
      defaults: { numClasses: 7, inputShape: [8, 8, 3], smallestInput: 4, dropout: 0.5, auxiliaryHeads: true },
      ownOptions: {
        width: optional(integer(2, 3)),
      },
      preprocessing: 'imagenet',
      features: (input, { auxiliaryHeads, numClasses }) => {
        const x = connect(input, conv2d({ name: 'stem.conv', filters: width, kernelSize: 3, padding: 1 }));
        const y = add([x, connect(x, conv2d({ name: 'body.conv', filters: width, kernelSize: 1 }))], {
          name: 'body.add',
        });
        const head = () =>
          connect(x, globalAveragePooling2d({ name: 'aux.pool' }), dense({ name: 'aux.fc', units: numClasses }));
        return { features: y, auxiliaryLogits: auxiliaryHeads ? [head()] : [] };
      },
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          globalAveragePooling2d(),
          dropout({ name: 'drop', rate }),
          dense({ name: 'fc', units: numClasses }),
        ),
    },
    options,
  );
}

const difference = (a: tf.Tensor | tf.Tensor[], b: tf.Tensor | tf.Tensor[]) =>
  Number(tf.max(tf.abs(tf.sub(a as tf.Tensor, b as tf.Tensor))).dataSync()[0]);

const outputs = (options: Parameters<typeof network>[0]) => network(options).outputs.map(({ shape }) => shape);

test('joins features, classifier and heads as the options say', () => {
  expect(outputs({})).toEqual([[null, 7]]);
  expect(outputs({ numClasses: 3, auxiliaryHeads: true })).toEqual([
    [null, 3],
    [null, 3],
  ]);
  expect(outputs({ includeTop: false, inputShape: [null, 9, 1] })).toEqual([[null, null, 9, 2]]);
  expect(outputs({ includeTop: false, pooling: 'max', width: 3 })).toEqual([[null, 3]]);
  expect(network({ dropout: 0.1 }).getLayer('drop').getConfig()['rate']).toBe(0.1);
});

test('softmax is for all outputs', () => {
  const model = network({ auxiliaryHeads: true, classifierActivation: 'softmax' });
  const sums = (model.predict(tf.ones([1, 8, 8, 3])) as tf.Tensor[]).map((each) => tf.sum(each).dataSync()[0]);
  for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
});

test('keeps what the model is', () => {
  const model = network({ numClasses: 2, inputShape: [8, 8, 1], seed: 4 });
  expect(modelMetadata(model)).toEqual({
    id: 'network',
    options: { numClasses: 2, inputShape: [8, 8, 1] },
    preprocessing: {
      resizeSize: 9,
      padding: 0,
      cropSize: 8,
      interpolation: 'bilinear',
      mean: [expect.closeTo(0.449, 6)],
      std: [expect.closeTo(0.226, 6)],
    },
    categories: null,
  });
  setModelMetadata(model, { categories: ['cat', 'dog'] });
  expect(modelMetadata(model)).toMatchObject({ id: 'network', categories: ['cat', 'dog'] });
});

test('whitens images itself where the options say so, and is saved with that', async () => {
  const options = { inputShape: [4, 5, 3], seed: 1 } as const;
  const plain = network(options);
  const model = network({ ...options, whitening: 'zca' });
  expect(modelMetadata(model)).toMatchObject({
    options: { whitening: 'zca' },
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  });
  const x = tf.randomUniform([2, 4, 5, 3], 0, 1, 'float32', 1);
  const centered = tf.sub(x, tf.mean(x, [1, 2, 3], true));
  const norm = tf.sqrt(tf.sum(tf.square(centered), [1, 2, 3], true));
  const normalized = tf.mul(tf.div(centered, norm), 55);
  const contrast = network({ ...options, whitening: 'contrast' });
  // ZCA is the identity until it has its weights.
  for (const each of [contrast, model])
    expect(difference(each.predict(x), plain.predict(normalized))).toBeLessThan(1e-5);

  const mean = Float64Array.from({ length: 60 }, (_, i) => i / 60);
  const matrix = Float64Array.from({ length: 3600 }, (_, i) =>
    i % 61 === 0 ? 1.5 : 0.01 * ((i % 60) + Math.floor(i / 60)),
  );
  setZca(model, { mean, matrix });
  const flat = tf.sub(tf.reshape(normalized, [2, 60]), tf.tensor1d(Float32Array.from(mean)));
  const whitened = tf.reshape(
    tf.matMul(flat as tf.Tensor2D, tf.tensor2d(Float32Array.from(matrix), [60, 60])),
    x.shape,
  );
  expect(difference(model.predict(x), plain.predict(whitened))).toBeLessThan(1e-4);
  expect(model.trainableWeights.length).toBe(plain.trainableWeights.length);
  let saved: tf.io.ModelArtifacts = {};
  await model.save({
    save: async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  const loaded = await loadLayersModel({ load: async () => saved });
  expect(difference(loaded.predict(x), model.predict(x))).toBe(0);
  expect(loaded.trainableWeights.length).toBe(plain.trainableWeights.length);

  expect(() => setZca(plain, { mean, matrix })).toThrow("build it with the option whitening: 'zca'");
  expect(() => setZca(model, { mean, matrix: mean })).toThrow('zca must be of images of 60 values');
  expect(() => network({ inputShape: [null, 8, 3], whitening: 'zca' })).toThrow('inputShape must have a known height');
});

test('features takes layers and modules', () => {
  const backbone = features(network({ includeTop: false }), ['stem', 'body.conv', 'body']);
  expect(backbone.outputs.map(({ sourceLayer }) => sourceLayer.name)).toEqual(['stem.conv', 'body.conv', 'body.add']);
  expect(() => features(network(), [])).toThrow(RangeError);
  expect(() => features(network(), ['bod'])).toThrow(/stem, body, .*got 'bod'/);
});

test.each([
  [{ numClasses: 0 }, RangeError, /numClasses must be an integer of at least 1, got 0/],
  [{ numClasses: '3' }, TypeError, /numClasses must be .*, got '3'/],
  [{ inputShape: [3, 8, 3] }, RangeError, /height of at least 4, the smallest input of network, got 3/],
  [{ inputShape: [8, 8, null] }, TypeError, /channels.*null/],
  [{ dropout: 2 }, RangeError, /dropout must be .* from 0 to 1, got 2/],
  [{ width: 5 }, RangeError, /width must be an integer from 2 to 3, got 5/],
  [{ widht: 2 }, TypeError, /no option 'widht': did you mean 'width'/],
  [{ seed: -1 }, RangeError, /seed must be .*, got -1/],
  [{ initialWeights: 'ones' }, RangeError, /initialWeights must be one of 'random', 'zeros', got 'ones'/],
  [{ classifierActivation: 'sigmoid' }, RangeError, /classifierActivation must be .*, got 'sigmoid'/],
  [{ pooling: 'avg' }, RangeError, /unless includeTop is false/],
  [{ includeTop: false, auxiliaryHeads: true }, RangeError, /where includeTop is false/],
  [[], TypeError, /options of network/],
  [null, TypeError, /options of network/],
])('refuses %j', (options, type, message) => {
  const build = () => network(options as object);
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
