import { tenCrops } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { goldenInput } from '@cnnzoo/testing';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Classifier,
  crops12,
  crops144,
  denseEvaluation,
  evaluate,
  type LabelledImages,
  multiCrop,
  multiCropAndDense,
  multiScale,
  type Protocol,
  predict,
  singleCrop,
  tenCrop,
} from '../index.js';
import { requirePreprocessing } from './protocol.js';

/** A user's own network: one channel, three classes, softmax at the end, of tfjs's layers. */
function usersModel(name = 'mine', units = 3): LayersModel {
  return sequential({
    name,
    layers: [
      layers.conv2d({ inputShape: [12, 12, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 6, activation: 'relu' }),
      layers.dense({ units, activation: 'softmax' }),
    ],
  });
}

const preprocessing = { resizeSize: 14, cropSize: 12, mean: [0.5], std: [0.25] };
const imageOf = (width: number, height: number, channels = 1) => ({
  data: Uint8Array.from(goldenInput(1, channels, height, width), (value) => Math.round((value + 1) * 127.5)),
  width,
  height,
  channels,
});
const categories = ['a', 'b', 'c'];
const sizes = [
  [20, 30],
  [33, 17],
  [12, 12],
  [15, 15],
  [9, 40],
] as const;
const dataset: LabelledImages = {
  length: sizes.length,
  categories,
  get: (index) => {
    const [width, height] = sizes[index] ?? [1, 1];
    return { image: imageOf(width, height), label: index % 3 };
  },
};

let mine: LayersModel;
beforeAll(async () => {
  await tf.setBackend('cpu');
  mine = usersModel();
});
afterAll(() => {
  mine.dispose();
});
let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

const protocols: readonly [name: string, inputs: number, protocol: Protocol][] = [
  ['single crop', 1, singleCrop()],
  ['ten crop', 10, tenCrop()],
  ['144 crops', 144, crops144()],
  ['12 crops', 12, crops12()],
  ['multi-crop 5x5', 50, multiCrop()],
  ['dense', 2, denseEvaluation()],
  ['multi-crop 5x5 + dense', 52, multiCropAndDense()],
  ['ten crop at 13 + ten crop at 14 + ten crop at 15', 30, multiScale(tenCrop, [13, 14, 15])],
  ['144 crops from 12 + 144 crops from 16', 288, multiScale(crops144, [12, 16])],
  ['dense at 12 + dense at 16 + dense at 20', 6, multiScale(denseEvaluation, [12, 16, 20])],
];

describe('a user’s own model of 1 channel and 3 classes', () => {
  test.each(protocols)('%s, %d inputs', async (name, inputs, protocol) => {
    expect(protocol).toMatchObject({ name, inputsPerImage: inputs });
    const report = await evaluate({ model: mine, preprocessing }, dataset, { protocol });
    expect(report).toMatchObject({ protocol: name, count: 5, topK: 3, top5: 1 });
    expect(report.notes).toEqual(['top5 is top-3: there are 3 classes, so it says nothing']);
    const all = await predict({ model: mine, preprocessing }, imageOf(20, 30), { protocol, categories });
    expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    expect(all.map(({ category }) => category).toSorted()).toEqual(categories);
  });

  test('ten crop is the mean over tfjs’s own predictions of ten crops', async () => {
    const image = imageOf(14, 14);
    const expected = tf.tidy(() => {
      const crops = tenCrops(12)(image).map(({ data }) =>
        tf.tensor3d(
          Float32Array.from(data, (value) => (value / 255 - 0.5) / 0.25),
          [12, 12, 1],
        ),
      );
      return Array.from(tf.mean(mine.predict(tf.stack(crops)) as tf.Tensor, 0).dataSync());
    });
    const all = await predict({ model: mine, preprocessing }, image, { protocol: tenCrop() });
    for (const { index, probability } of all) expect(probability).toBeCloseTo(expected[index] ?? 0, 6);
  });

  test('fusion is the mean of the models’ probabilities, each with its own preprocessing and protocol', async () => {
    const other = usersModel('other');
    const members: Classifier[] = [
      { model: mine, preprocessing },
      { model: other, preprocessing: { ...preprocessing, mean: [0], std: [1] }, protocol: tenCrop() },
    ];
    const image = imageOf(20, 30);
    const [together, ...alone] = await Promise.all([
      predict(members, image),
      ...members.map((member) => predict(member, image)),
    ]);
    for (const { index, probability } of together) {
      const mean = alone.flat().filter((each) => each.index === index);
      expect(probability).toBeCloseTo(mean.reduce((sum, each) => sum + each.probability, 0) / 2, 9);
    }
    const report = await evaluate(members, dataset);
    expect(report).toMatchObject({ models: ['mine', 'other'], protocol: 'single crop, ten crop' });
    other.dispose();
  });

  test('an image without softmax at the end of the network has the same probabilities', async () => {
    const logits = sequential({ name: 'logits', layers: usersModel().layers.slice(0, -1) });
    logits.add(layers.dense({ units: 3 }));
    const softmax = sequential({ name: 'softmax', layers: [...logits.layers, layers.softmax()] });
    const image = imageOf(20, 30);
    for (const protocol of [singleCrop(), denseEvaluation()]) {
      const [a, b] = await Promise.all(
        [logits, softmax].map((model) => predict({ model, preprocessing }, image, { protocol })),
      );
      expect(a?.map(({ probability }) => probability.toFixed(6))).toEqual(
        b?.map(({ probability }) => probability.toFixed(6)),
      );
    }
    tensors = tf.memory().numTensors;
  });
});

describe('GoogLeNet’s scales', () => {
  const shown = (crop: number, protocol: Protocol) => {
    const format = {
      model: 'm',
      crop: [crop, crop] as const,
      channels: 1,
      preprocessing: { ...preprocessing, cropSize: crop },
      classMapSize: () => [1, 1] as const,
    };
    return protocol.views(imageOf(40, 30), format);
  };
  test('144 and 12 inputs, which share the middle square of the smallest scale', () => {
    const all = shown(14, crops144());
    const twelve = shown(14, crops12());
    expect(all).toHaveLength(144);
    expect(twelve.map(({ input }) => input)).toEqual(all.slice(12, 24).map(({ input }) => input));
  });
  test('without preprocessing they say how to give it', () => {
    expect(() => requirePreprocessing({ model: 'm', preprocessing: null } as never)).toThrow(/give \{ model, preproc/);
  });
});

describe('bad input is refused', () => {
  const failing: LabelledImages = {
    ...dataset,
    get: () => {
      throw new Error('an image was read');
    },
  };
  const run = (protocol: Protocol, model: Classifier | Classifier[] = { model: mine, preprocessing }, data = failing) =>
    evaluate(model, data, { protocol });

  test.each<[message: string, protocol: Protocol]>([
    ["scale 11 is below the crop of 12 x 12 of model 'mine', expected at least 12", singleCrop({ scale: 11 })],
    ["scale 11 is below the crop of 12 x 12 of model 'mine'", tenCrop({ scale: 11 })],
    ["scale 11 is below the crop of 12 x 12 of model 'mine'", crops144({ scale: 11 })],
    ["scale 8 is below the crop of 12 x 12 of model 'mine'", multiScale(multiCrop, [8, 12])],
    ['an input of 11 x 11 is too small: at layer', multiScale(denseEvaluation, [12, 11])],
    ['an input of 2 x 2 is too small: at layer', denseEvaluation({ scale: 2 })],
  ])('before the first image is read: %s', async (message, protocol) => {
    await expect(run(protocol)).rejects.toThrow(message);
  });

  test('models of different classes in a fusion', async () => {
    const other = usersModel('four', 4);
    const fusion = [mine, other].map((model) => ({ model, preprocessing }));
    const message = "models must have the same classes: 'mine' has 3, 'four' has 4";
    await expect(run(singleCrop(), fusion)).rejects.toThrow(message);
    await expect(predict(fusion, imageOf(20, 20))).rejects.toThrow(message);
    other.dispose();
  });

  test('labels that are known beforehand', async () => {
    await expect(run(singleCrop(), undefined, { ...failing, labels: [0, 1, 3, 0, 1] })).rejects.toThrow(
      'image 2: label 3, expected 0 to 2',
    );
  });

  test('a model without preprocessing, none at all, and an empty data set', async () => {
    await expect(run(singleCrop(), mine)).rejects.toThrow("model 'mine' has no preprocessing in its metadata");
    await expect(run(singleCrop(), [])).rejects.toThrow('models must be at least one');
    await expect(run(singleCrop(), undefined, { ...failing, length: 0 })).rejects.toThrow('dataset must have at least');
    await expect(
      run(singleCrop(), { model: mine, preprocessing: { ...preprocessing, mean: [1, 2, 3] } }),
    ).rejects.toThrow("model 'mine': preprocessing.mean must be an array of 1, one a channel, got [1, 2, 3]");
  });

  test('an image that is smaller than a crop, by name', async () => {
    const transform = (image: { width: number }) => imageOf(image.width, 12);
    await expect(run(singleCrop({ transform }), undefined, dataset)).rejects.toThrow(
      "image 0: the protocol gives 12 x 20 x 1, expected 12 x 12 x 1 for model 'mine'",
    );
  });

  test('an image with other channels, by name', async () => {
    const rgb = { ...dataset, get: () => ({ image: imageOf(20, 20, 3), label: 0 }) };
    await expect(run(tenCrop(), undefined, rgb)).rejects.toThrow(
      "image 0: the protocol gives 12 x 12 x 3, expected 12 x 12 x 1 for model 'mine'",
    );
  });

  test.each<[() => unknown, string]>([
    [() => multiScale(tenCrop, []), 'scales must be an array of at least 1'],
    [() => multiScale(tenCrop, [256, 256]), 'scales has 256 twice'],
    [() => multiScale(tenCrop, [25.5]), 'scales[0] must be an integer of at least 1, got 25.5'],
    [() => multiScale(tenCrop() as never, [256]), 'protocol must be a function of a scale, such as tenCrop, got {'],
    [() => multiCrop({ grid: 1 }), 'grid must be an integer of at least 2, got 1'],
    [() => singleCrop({ scale: 12, transform: (image) => image }), 'scale and transform both resize'],
  ])('options %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
