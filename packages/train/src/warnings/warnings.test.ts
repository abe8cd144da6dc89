/** Each mistake is warned of once, with what to do; what only looks like it is not. */
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { batchNorm, connect, conv2d, dense, flatten, relu } from '@cnnzoo/blocks';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { freezeLayers } from '../fine-tuning/layer-choice.js';
import { tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import type { Batch, Loader } from '../loop/batch.js';
import { train } from '../loop/train.js';
import type { TrainOptions } from '../loop/train-options.js';
import { sgd } from '../optimizers/sgd.js';
import { recipeOptions } from '../recipes/recipe-options.js';
import { type Recipe, type RecipeName, recipes } from '../recipes/recipes.js';
import { watchLoss } from './exploding-loss.js';
import { frozenStatistics } from './frozen-batch-norm.js';
import type { TrainWarnings } from './mistakes.js';
import { watchLabels } from './one-class.js';
import { rawPixels } from './pixel-range.js';
import { sharedImages } from './validation-images.js';

let console_: MockInstance<typeof console.warn>;
beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
beforeEach(() => {
  console_ = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => console_.mockRestore());

const warned = () =>
  console_.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('@cnnzoo/train: '));

/** Trains and gives the warnings. */
async function warningsOf(model: LayersModel, loader: Loader, options: Partial<TrainOptions> = {}): Promise<string[]> {
  console_.mockClear();
  const { optimizer = sgd({ learningRate: 0.01 }) } = options;
  const before = tf.memory().numTensors;
  try {
    await train(model, loader, { epochs: 2, ...options, optimizer });
  } finally {
    optimizer.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
  return warned();
}

/** Batches of 32 x 32 images whose pixels and labels come from functions of their places. */
function imagesOf(
  pixel: (place: number) => number,
  { channels = 1, count = 4, label = (image: number) => image % 10 } = {},
): Loader {
  return {
    batchesPerEpoch: 2,
    async *epoch(_, fromBatch = 0) {
      for (let batch = fromBatch; batch < 2; batch++)
        yield {
          images: tf.tensor4d(
            Float32Array.from({ length: count * 1024 * channels }, (_, i) => pixel(i + batch)),
            [count, 32, 32, channels],
          ),
          labels: tf.tensor1d(
            Int32Array.from({ length: count }, (_, i) => label(i + batch)),
            'int32',
          ),
        };
    },
  };
}

const random = (place: number) => (((Math.sin(place * 12.9898) * 43_758.5453) % 1) + 1) % 1;

describe('pixels from 0 to 255', () => {
  test('are warned of once, with the transform to use', async () => {
    const model = lenet5({ seed: 1 });
    const loader = imagesOf((i) => Math.floor(256 * random(i)));
    const remedy =
      /^@cnnzoo\/train: the first batch has pixels from 0 to 25\d, but model 'lenet5' expects normalized ones\. End the loader's transform in toTensor\(\), normalize\(\[0\.1307\], \[0\.3081\]\)\. \(Without this warning: warnings: { pixelRange: false }\.\)$/;
    const texts = await warningsOf(model, loader, { warnings: { explodingLoss: false } });
    expect(texts).toEqual([expect.stringMatching(remedy)]);
    const off = { pixelRange: false, explodingLoss: false };
    expect(await warningsOf(model, loader, { warnings: off })).toEqual([]);
    expect(await warningsOf(model, loader, { warnings: false })).toEqual([]);
    model.dispose();
  });

  const batch = (values: readonly number[]) => tf.tensor4d(Float32Array.from(values), [1, 1, values.length, 1]);
  const modelFor = (preprocessing: 'mnist' | 'caffe' | 'zero' | undefined) => {
    const model = sequential({ layers: [layers.flatten({ inputShape: [1, 3, 1] }), layers.dense({ units: 2 })] });
    const row = { resizeSize: 3, cropSize: 3 };
    const rows = {
      mnist: { ...row, mean: [0.1307], std: [0.3081] },
      caffe: { ...row, mean: [0.485], std: [1 / 255] },
      zero: { ...row, mean: [0], std: [1 / 255] },
    };
    if (preprocessing !== undefined) model.setUserDefinedMetadata({ preprocessing: rows[preprocessing] });
    return model;
  };

  test('are seen for every network that subtracts a mean, and for no other', async () => {
    const pixels = batch([0, 17, 200]);
    const faults = [];
    for (const kind of ['mnist', 'caffe', 'zero', undefined] as const) {
      const model = modelFor(kind);
      faults.push((await rawPixels(model, pixels)) !== null);
      model.dispose();
    }
    expect(faults).toEqual([true, true, false, false]);
    pixels.dispose();
  });

  test('are not what normalized pixels, scaled or dark ones are taken for', async () => {
    const [mnist, caffe] = [modelFor('mnist'), modelFor('caffe')];
    const pixels = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 16, maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(
        pixels,
        fc.constantFrom<(pixel: number) => number>(
          (pixel) => (pixel / 255 - 0.1307) / 0.3081,
          (pixel) => pixel / 255,
          (pixel) => pixel / 127.5 - 1,
          (pixel) => pixel / 32,
        ),
        async (given, scale) => {
          const images = batch(given.map(scale));
          expect(await rawPixels(mnist, images)).toBeNull();
          images.dispose();
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(pixels, async (given) => {
        const images = batch(given.map((pixel) => pixel - 0.485 * 255));
        expect(await rawPixels(caffe, images)).toBeNull();
        images.dispose();
      }),
    );
    mnist.dispose();
    caffe.dispose();
  });
});

describe('labels of one class', () => {
  const normalized = (i: number) => random(i) * 2 - 1;

  test('are warned of at the end of the epoch', async () => {
    const model = lenet5({ seed: 1 });
    const texts = await warningsOf(model, imagesOf(normalized, { label: () => 3 }));
    expect(texts).toEqual([
      expect.stringMatching(/the 8 images so far all have label 3: .*shuffle: true.*oneClass: false/),
    ]);
    const off = await warningsOf(model, imagesOf(normalized, { label: () => 3 }), { warnings: { oneClass: false } });
    expect(off).toEqual([]);
    expect(await warningsOf(model, imagesOf(normalized, { label: (image) => (image === 4 ? 1 : 3) }))).toEqual([]);
    model.dispose();
  });

  test('are seen within the epoch after 1000 images, and never where there are two', async () => {
    const sets = fc.record({
      batches: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
      others: fc.array(fc.nat({ max: 2399 }), { maxLength: 2 }),
      soft: fc.boolean(),
      one: fc.nat({ max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(sets, async ({ batches, others, soft, one }) => {
        const watch = watchLabels();
        let seen = 0;
        for (const count of batches) {
          const labels = Int32Array.from({ length: count }, (_, i) =>
            others.includes(seen + i) ? (one + 1) % 5 : one,
          );
          seen += count;
          const hard = tf.tensor1d(labels, 'int32');
          const tensor = soft ? tf.tidy(() => tf.cast(tf.oneHot(hard, 5), 'float32') as tf.Tensor2D) : hard;
          const fault = await watch.look({ labels: tensor } as Batch);
          const all = new Set(Array.from({ length: seen }, (_, i) => (others.includes(i) ? 1 : 0)));
          expect(fault !== null, `${seen}`).toBe(all.size === 1 && seen >= 1000);
          expect(watch.endEpoch() !== null).toBe(all.size === 1 && seen >= 2);
          tf.dispose([hard, tensor]);
        }
      }),
    );
  });

  test('are none where mixup has mixed two', async () => {
    const watch = watchLabels();
    const labels = tf.tensor2d([0.3, 0.7, 0, 0.3, 0.7, 0], [2, 3]);
    expect(await watch.look({ labels } as Batch)).toBeNull();
    expect(watch.endEpoch()).toBeNull();
    labels.dispose();
  });

  test('are none where the run was resumed at the last batch of an epoch', async () => {
    const model = tinyModel();
    const loader = tinyLoader(4, 1);
    // One image a batch: two classes in turns.
    expect(await warningsOf(model, loader, { accumulate: 2 })).toEqual([]);
    model.dispose();
  });
});

describe('a loss that explodes', () => {
  test('is warned of once, with what to do', async () => {
    const model = tinyModel();
    let step = 0;
    const texts = await warningsOf(model, tinyLoader(), {
      // The loss of a learning rate that is too high, without one.
      loss: () => tf.scalar(10 ** step++),
      optimizer: sgd({ learningRate: 0 }),
    }).catch((error: Error) => [error.message]);
    expect(texts).toHaveLength(1);
    model.dispose();
  });

  test.each([
    [[2.3, 24], true],
    [[2.3, 22, 3, 9], false],
    [[0.01, 2, 5], false],
    [[1000, 9000], false],
    [[1000, 10_001], true],
    [[0, 0, 0], false],
    [[2.3, 2.3, 1e30], true],
  ])('%j', (losses, expected) => {
    const watch = watchLoss(10);
    expect(losses.some((loss, step) => watch(loss, step + 1, 0.1) !== null)).toBe(expected);
  });

  test('is told by the learning rate that did it, and not of one that fits', async () => {
    const texts = [];
    for (const learningRate of [30, 0.01]) {
      const model = tinyModel();
      texts.push(await warningsOf(model, tinyLoader(), { optimizer: sgd({ learningRate, momentum: 0.9 }) }));
      model.dispose();
    }
    expect(texts).toEqual([
      [expect.stringMatching(/times that of the first: the learning rate, 30, is too high\. Try/)],
      [],
    ]);
  });
});

describe('a frozen batch norm', () => {
  /** As if it had been trained: statistics of what arrives. */
  function trained(scale = 1): LayersModel {
    const model = tinyModel();
    const layer = model.getLayer('bn1');
    const [gamma, beta, mean, variance] = layer.getWeights();
    if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) throw new Error();
    tf.tidy(() => layer.setWeights([gamma, beta, tf.add(mean, 0.2 * scale), tf.mul(variance, 0.4 * scale ** 2)]));
    return model;
  }

  test('with the statistics of an untrained network is warned of', async () => {
    const model = tinyModel();
    freezeLayers(model, ['conv1', 'bn1']);
    const texts = await warningsOf(model, tinyLoader());
    expect(texts).toEqual([
      expect.stringMatching(
        /batch norm 'bn1' is frozen with the statistics of a network that was never trained.*frozenBatchNorm: false/,
      ),
    ]);
    expect(await warningsOf(model, tinyLoader(), { warnings: { frozenBatchNorm: false } })).toEqual([]);
    model.dispose();
  });

  test('that was trained is not, nor one that is not frozen', async () => {
    const frozen = trained();
    freezeLayers(frozen, ['conv1', 'bn1']);
    expect(await warningsOf(frozen, tinyLoader())).toEqual([]);
    frozen.dispose();
    const free = tinyModel();
    freezeLayers(free, ['conv1']);
    expect(await warningsOf(free, tinyLoader())).toEqual([]);
    free.dispose();
  });

  test.each([1000, 1 / 1000])('whose statistics are of values %d times as large is warned of', async (scale) => {
    const model = trained(scale);
    freezeLayers(model, ['bn1']);
    expect(await warningsOf(model, tinyLoader())).toEqual([
      expect.stringMatching(
        /the statistics of the frozen batch norm 'bn1' do not fit the images: .*Normalize the images/,
      ),
    ]);
    model.dispose();
  });

  test('of images that are brighter, darker or of less contrast is not', async () => {
    const model = trained();
    freezeLayers(model, ['bn1']);
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        async (scale, shift) => {
          const loader: Loader = {
            batchesPerEpoch: 5,
            async *epoch(index, fromBatch) {
              for await (const { images, labels } of tinyLoader().epoch(index, fromBatch)) {
                const changed = tf.tidy(() => tf.add<tf.Tensor4D>(tf.mul(images, scale), shift));
                images.dispose();
                yield { images: changed, labels };
              }
            },
          };
          expect(await warningsOf(model, loader, { epochs: 1, optimizer: sgd({ learningRate: 0 }) })).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
    model.dispose();
  });

  test("of tfjs's own, which is never frozen, is warned of; in a model within the model, too", async () => {
    const x = input({ shape: [4, 4, 1] });
    const inner = sequential({
      layers: [layers.batchNormalization({ inputShape: [4, 4, 1], name: 'theirs' })],
      name: 'inner',
    });
    const model = makeModel({
      inputs: x,
      outputs: connect(inner.apply(x) as typeof x, flatten(), dense({ units: 2 })),
    });
    freezeLayers(model, ['inner']);
    expect(await frozenStatistics(model)).toMatch(
      /'theirs' is frozen, but tfjs's own.*batchNorm\(\) of @cnnzoo\/blocks/,
    );
    model.dispose();
  });

  test('in a model within the model is looked at before the run, and its fit is left out', async () => {
    const at = input({ shape: [4, 4, 1] });
    const inner = makeModel({
      inputs: at,
      outputs: connect(at, conv2d({ filters: 2, kernelSize: 1 }), batchNorm({ name: 'bn' }), relu()),
      name: 'inner',
    });
    const x = input({ shape: [4, 4, 1] });
    const model = makeModel({
      inputs: x,
      outputs: connect(inner.apply(x) as typeof x, flatten(), dense({ units: 2 })),
    });
    freezeLayers(model, ['inner']);
    expect(await warningsOf(model, tinyLoader())).toEqual([
      expect.stringMatching(/'bn' is frozen with the statistics/),
    ]);
    model.dispose();
  });
});

describe('a validation set inside the training set', () => {
  const keyed = (keys: readonly string[]): Loader => ({ ...tinyLoader(), imageKeys: () => keys });

  test('is warned of with an example; the loader itself, too', async () => {
    const model = tinyModel();
    const [loader, validation] = [keyed(['a.png', 'b.png', 'c.png']), keyed(['c.png', 'd.png'])];
    const text =
      /1 of 2 validation images are in the training set, too, such as c\.png: .*split\(\).*validationImages: false/;
    expect(await warningsOf(model, loader, { validation })).toEqual([expect.stringMatching(text)]);
    expect(await warningsOf(model, loader, { validation, warnings: { validationImages: false } })).toEqual([]);
    const same = tinyLoader();
    expect(await warningsOf(model, same, { validation: same })).toEqual([
      expect.stringMatching(/is the training set itself/),
    ]);
    expect(await warningsOf(model, tinyLoader(), { validation: tinyLoader() })).toEqual([]);
    model.dispose();
  });

  test('is one where there is an image in both', () => {
    const keys = fc.uniqueArray(fc.stringMatching(/^[a-e]{1,3}$/), { minLength: 1 });
    fc.assert(
      fc.property(keys, keys, (trained, validated) => {
        const both = validated.filter((key) => trained.includes(key));
        const fault = sharedImages(keyed(trained), keyed(validated));
        if (both.length === 0) expect(fault).toBeNull();
        else expect(fault).toMatch(new RegExp(`^${both.length} of ${validated.length} `));
      }),
    );
  });
});

test('an unknown warning is refused before the run by its name', async () => {
  const model = tinyModel();
  const wrong = { pixelrange: false } as TrainWarnings;
  await expect(warningsOf(model, tinyLoader(), { warnings: wrong })).rejects.toThrow(
    'warnings must be false or an object with pixelRange, oneClass, explodingLoss, frozenBatchNorm, validationImages, got { pixelrange }',
  );
  model.dispose();
});

test('a network that is built and trained as it should be is warned of nothing', async () => {
  const model = cifarResnet({ depth: 20, seed: 1 });
  const loader = imagesOf((i) => (random(i) - 0.45) / 0.225, { channels: 3 });
  expect(
    await warningsOf(model, loader, {
      epochs: 1,
      validation: imagesOf((i) => (random(i + 5) - 0.45) / 0.225, { channels: 3 }),
    }),
  ).toEqual([]);
  model.dispose();
});

describe('the settings of a recipe are warned of nothing', () => {
  test.each(Object.keys(recipes) as RecipeName[])('%s', async (name) => {
    const { preInitialise: _, ...recipe } = recipes[name] as Recipe;
    const model = tinyModel();
    const options = recipeOptions({ ...recipe, epochs: 4 });
    expect(await warningsOf(model, tinyLoader(), { ...options, validation: tinyLoader(2, 4, 9) })).toEqual([]);
    model.dispose();
  });
});
