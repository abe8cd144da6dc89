import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@cnnzoo/backend-node';
import { setZca } from '@cnnzoo/blocks';
import { arrayDataset, type Dataset } from '@cnnzoo/data';
import { predict, tenCrop, toPng } from '@cnnzoo/evaluate';
import {
  compose,
  fitZca,
  globalContrastNormalization,
  randomGenerator,
  toTensor,
  zcaWhitening,
} from '@cnnzoo/transforms';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModel } from '../networks/create-model.js';
import { imageClassifier } from './classifier.js';
import { fineTune } from './fine-tune.js';
import { loadClassifier } from './load-classifier.js';
import { loadModel, saveModel } from './saved-model.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-classifier-'));
// Other files leave tfjs's cpu backend registered, which then stays where a program has chosen none.
beforeAll(async () => {
  await useBackend();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const categories = ['dark', 'light'];

/** Noise around a grey of its own for each class. */
function greys(count: number, seed = 1, channels = 3): Dataset {
  const random = randomGenerator(seed);
  const labels = Array.from({ length: count }, (_, index) => index % 2);
  const size = 32 * 32 * channels;
  const data = new Uint8Array(count * size);
  for (let i = 0; i < data.length; i++)
    data[i] = (labels[Math.floor(i / size)] === 1 ? 160 : 60) + Math.floor(random.uniform() * 40);
  return arrayDataset({ data, labels, categories, width: 32, height: 32, channels });
}

describe('a fine-tuned classifier', () => {
  const events: string[] = [];
  let classifier: Awaited<ReturnType<typeof fineTune>>;
  beforeAll(async () => {
    classifier = await fineTune('cifar_resnet20', greys(64), {
      weights: null,
      epochs: 3,
      frozenEpochs: 1,
      batchSize: 8,
      learningRate: 0.003,
      workers: 0,
      onEvent: (event) =>
        void events.push(event.type === 'epoch' ? `${event.type} ${event.epoch} ${event.step}` : event.type),
    });
  });
  afterAll(() => classifier.dispose());

  test('has learned, and knows how', async () => {
    expect(classifier.history.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    expect(classifier.history.interrupted).toBeNull();
    expect(events.filter((event) => event.startsWith('epoch'))).toEqual(['epoch 0 7', 'epoch 1 14', 'epoch 2 21']);
    expect(classifier.training).toMatchObject({
      weights: null,
      images: { training: 51, validation: 13 },
      epochs: 3,
      frozenEpochs: 1,
    });
    expect(classifier.report?.count).toBe(13);
    expect((await classifier.evaluate(greys(20, 2))).top1).toBe(1);
    expect(classifier.model.trainableWeights.length).toBeGreaterThan(2);
  });

  test('sees the same in an image from anywhere, as predict does', async () => {
    const { image } = await greys(2, 3).get(1);
    const png = await toPng(image);
    const path = join(folder, 'light.png');
    writeFileSync(path, png);
    const { width, height } = image;
    const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = image.data[3 * i + c] ?? 0;
    const ints = tf.tensor3d(Int32Array.from(image.data), [height, width, 3], 'int32');
    const floats = tf.tidy(() => tf.div(tf.cast(ints, 'float32'), 255)) as tf.Tensor3D;
    const inputs = [
      path,
      pathToFileURL(path),
      png,
      new Uint8Array(png).buffer,
      new Blob([new Uint8Array(png)]),
      image,
      { data: rgba, width, height, colorSpace: 'srgb' },
      ints,
      floats,
    ];
    const expected = await predict(classifier.model, image);
    for (const worker of [0, 1, 2]) {
      const answers = await classifier.classify(inputs, { worker, ...(worker === 1 && { batchSize: 3 }) });
      expect(answers).toHaveLength(inputs.length);
      for (const answer of answers) {
        expect(answer.map(({ category }) => category)).toEqual(expected.map(({ category }) => category));
        for (const [i, { probability }] of answer.entries())
          expect(probability).toBeCloseTo(expected[i]?.probability ?? -1, 5);
      }
    }
    expect((await classifier.classify(path, { topK: 1 })).map(({ category }) => category)).toEqual(['light']);
    const crops = await classifier.classify([path], { protocol: tenCrop() });
    expect(crops[0]?.[0]?.category).toBe('light');
    tf.dispose([ints, floats]);
  });

  test('says what is wrong with an image or an option', async () => {
    const { image } = await greys(1).get(0);
    await expect(classifier.classify(join(folder, 'nowhere.png'))).rejects.toThrow(/nowhere\.png/);
    await expect(classifier.classify([image, new Uint8Array(3)])).rejects.toThrow(/images\[1\]: not a JPEG/);
    await expect(classifier.classify([image, { ...image, width: 7 }])).rejects.toThrow(/images\[1\] must be an image/);
    await expect(classifier.classify(3 as never)).rejects.toThrow(/image must be the path or URL of an image/);
    await expect(classifier.classify(image, { topk: 1 } as never)).rejects.toThrow(/topk.*topK/);
    await expect(classifier.classify(image, { topK: 3 })).rejects.toThrow(/topK must be at most 2/);
    await expect(classifier.classify(image, { batchSize: 0 })).rejects.toThrow(/batchSize.*at least 1/);
    await expect(classifier.classify(image, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    const other = { ...greys(2), categories: ['light', 'dark'] };
    await expect(classifier.evaluate(other)).rejects.toThrow(/the same, in the same order/);
  });

  test('is the same after it was saved and loaded', async () => {
    const place = join(folder, 'saved');
    await classifier.save(place);
    expect(readdirSync(place).sort()).toEqual(['model.json', 'training.json', 'weights.bin']);
    const again = await loadClassifier(place);
    const { image } = await greys(1, 5).get(0);
    expect(again.categories).toEqual(categories);
    expect(again.training).toEqual(classifier.training);
    expect(await again.classify(image)).toEqual(await classifier.classify(image));
    await again.save(place);
    await again.dispose();
    await expect(again.classify(image)).rejects.toThrow(/disposed/);

    const model = await loadModel(place);
    expect(model.getUserDefinedMetadata()).toMatchObject({ categories });
    model.dispose();
    writeFileSync(join(place, 'training.json'), '{"epochs": "many"}');
    await expect(loadClassifier(place)).rejects.toThrow(/training\.json\.weights must be/);
  });

  test('is never saved over something else', async () => {
    const place = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(place, 'diary.txt'), 'mine');
    await expect(classifier.save(place)).rejects.toThrow(/diary\.txt and no model\.json/);
    expect(await readFile(join(place, 'diary.txt'), 'utf8')).toBe('mine');
  });

  test('can be read from a file of weights, with the network’s name', async () => {
    const file = join(folder, 'weights.safetensors');
    writeFileSync(file, writeSafetensors(stateDict(classifier.model)));
    await expect(loadClassifier(file)).rejects.toThrow(/say which with \{ network/);
    const again = await loadClassifier(file, { network: 'cifar_resnet20', categories });
    const { image } = await greys(1, 7).get(0);
    expect(await again.classify(image)).toEqual(await classifier.classify(image));
    await again.dispose();
    const unnamed = await loadClassifier(file, { network: 'cifar_resnet20' });
    expect(unnamed.categories).toHaveLength(2);
    await unnamed.dispose();
    await expect(loadClassifier(file, { network: 'cifar_resnet32' })).rejects.toThrow(/does not fit/);
  });
});

test('a model that whitens images is saved with what was fitted, and sees what the transforms make', async () => {
  const random = randomGenerator(5);
  const images = Array.from({ length: 30 }, () => ({
    data: Uint8Array.from({ length: 8 * 8 * 3 }, () => random.integer(0, 256)),
    ...{ width: 8, height: 8, channels: 3 },
  }));
  const contrast = compose([toTensor(), globalContrastNormalization()]);
  const zca = await fitZca(images.map((image) => contrast(image)));
  const options = { inputShape: [8, 8, 3], seed: 1 } as const;
  const model = createModel('cifar_nin', { ...options, whitening: 'zca' });
  setZca(model, zca);
  const whitens = imageClassifier(model);
  await whitens.save(join(folder, 'whitens'));
  await whitens.dispose();
  const loaded = await loadClassifier(join(folder, 'whitens'));
  const plain = createModel('cifar_nin', options);
  const whiten = compose([contrast, zcaWhitening(zca)]);
  for (const image of images.slice(0, 3)) {
    const expected = tf.tidy(() =>
      tf.softmax(plain.predict(tf.tensor(whiten(image).data, [1, 8, 8, 3])) as tf.Tensor).dataSync(),
    );
    for (const { index, probability } of await loaded.classify(image, { topK: 10 }))
      expect(probability).toBeCloseTo(expected[index] ?? Number.NaN, 5);
  }
  plain.dispose();
  await loaded.dispose();
});

test('a run that was interrupted is resumed where it stopped, and ends with the same weights', async () => {
  const options = { weights: null, epochs: 2, frozenEpochs: 1, batchSize: 16, workers: 0, validation: 0.25 } as const;
  const { numTensors } = tf.memory();
  const whole = await fineTune('lenet5', greys(64, 1, 1), options);
  const checkpoint = join(folder, 'runs');
  for (const stopAt of [1, 5]) {
    const stop = new AbortController();
    const part = await fineTune('lenet5', greys(64, 1, 1), {
      ...options,
      checkpoint,
      resume: stopAt > 1,
      abort: stop.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === stopAt) stop.abort();
      },
    });
    expect(part.history.interrupted).toBe('abort');
    expect(part.report).toBeNull();
    await part.dispose();
  }
  const resumed = await fineTune('lenet5', greys(64, 1, 1), { ...options, checkpoint, resume: true });
  expect(resumed.history.epochs.map(({ epoch, step, loss }) => ({ epoch, step, loss }))).toEqual(
    whole.history.epochs.map(({ epoch, step, loss }) => ({ epoch, step, loss })),
  );
  const [mine, theirs] = [stateDict(resumed.model), stateDict(whole.model)];
  for (const [key, { data }] of theirs) expect(mine.get(key)?.data).toEqual(data);
  await whole.dispose();
  await resumed.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('wrong calls are refused before any work', async () => {
  const images = greys(4);
  await expect(fineTune('resnet' as 'resnet18', images, { weights: null })).rejects.toThrow(
    /there is no network 'resnet'/,
  );
  await expect(fineTune('lenet5', images, {} as never)).rejects.toThrow(/weights/);
  await expect(fineTune('lenet5', images, { weights: null, epoch: 2 } as never)).rejects.toThrow(/epoch.*epochs/);
  await expect(fineTune('lenet5', images, { weights: null, epochs: 1, frozenEpochs: 2 })).rejects.toThrow(
    /at most epochs/,
  );
  await expect(fineTune('lenet5', images, { weights: null, resume: true })).rejects.toThrow(/checkpoint/);
  await expect(fineTune('lenet5', { ...images, categories: ['one'] }, { weights: null })).rejects.toThrow(
    /at least 2 classes/,
  );
  await expect(fineTune('cifar_resnet20', join(folder, 'no'), { weights: null })).rejects.toThrow(/no/);
});

test('a model of one’s own is a classifier when it says how images are prepared', async () => {
  const model = createModel('lenet5');
  await saveModel(model, join(folder, 'lenet'));
  const classifier = imageClassifier(model);
  const image = { data: new Uint8Array(28 * 28).fill(99), width: 28, height: 28, channels: 1 };
  const [first] = await classifier.classify([image], { topK: 10 });
  expect(first?.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  await classifier.dispose();
});
