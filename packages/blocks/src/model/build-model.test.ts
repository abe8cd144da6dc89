import { integer, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
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
