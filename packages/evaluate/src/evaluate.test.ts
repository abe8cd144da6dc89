import { setModelMetadata } from '@cnnzoo/blocks';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { evaluate } from './evaluate.js';
import { extractFeatures } from './extract-features.js';
import type { LabelledImages } from './labelled-images.js';
import { predict } from './predict.js';
import { singleCrop } from './protocols/single-crop.js';
import { type EvaluationReport, mostConfused } from './report/report.js';

/** A network whose logits are the pixels of an image of 1 row: what it says is what it is shown. */
function echo(classes: number): LayersModel {
  const x = input({ shape: [1, classes, 1] });
  return makeModel({ inputs: x, outputs: layers.flatten().apply(x) as SymbolicTensor, name: 'echo' });
}

const imageOf = (pixels: readonly number[]) => ({
  data: Float32Array.from(pixels),
  width: pixels.length,
  height: 1,
  channels: 1,
});
const protocol = singleCrop({ transform: (image) => image });

/** Images of pixels with their labels. */
function dataset(
  rows: readonly (readonly [label: number, pixels: readonly number[]])[],
  categories: string[],
): LabelledImages {
  return {
    length: rows.length,
    categories,
    get(index) {
      const [label, pixels] = rows[index] ?? [0, []];
      return { image: imageOf(pixels), label };
    },
  };
}

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

const six = ['a', 'b', 'c', 'd', 'e', 'f'];
const rows = [
  [0, [9, 1, 2, 3, 4, 5]],
  [0, [8, 9, 2, 3, 4, 5]],
  [1, [8, 9, 2, 3, 4, 5]],
  [2, [9, 8, 0, 3, 4, 5]],
  [0, [1, 9, 2, 3, 4, 5]],
] as const;

test('counts top-1, top-5, each class and who was taken for whom', async () => {
  const events: number[] = [];
  const options = { protocol, batchSize: 2, onEvent: ({ done }: { done: number }) => events.push(done) };
  const report = await evaluate(echo(6), dataset(rows, six), options);
  expect(report).toMatchObject({ protocol: 'single crop', count: 5, top1: 2 / 5, top5: 3 / 5 });
  expect(report.confusion[0]).toEqual([1, 2, 0, 0, 0, 0]);
  expect(report.confusion[2]).toEqual([1, 0, 0, 0, 0, 0]);
  expect(report.perClass[0]).toEqual({ category: 'a', support: 3, precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 });
  expect(report.perClass[5]).toEqual({ category: 'f', support: 0, precision: 0, recall: 0, f1: 0 });
  expect(mostConfused(report, 5)).toEqual([
    { category: 'a', takenFor: 'b', count: 2 },
    { category: 'c', takenFor: 'a', count: 1 },
  ]);
  const loss = rows.map(
    ([label, pixels]) => Math.log(pixels.reduce<number>((sum, z) => sum + Math.exp(z), 0)) - (pixels[label] ?? 0),
  );
  expect(report.loss).toBeCloseTo(loss.reduce((a, b) => a + b) / 5, 5);
  expect(events).toEqual([2, 4, 5]);
});

/** All of a report that does not depend on the clock and the size of batches. */
const figures = (report: EvaluationReport | undefined) => ({
  ...report,
  millisecondsPerImage: 0,
  tally: { ...report?.tally, milliseconds: 0 },
  part: { ...report?.part, batch: 0 },
  evidence: { ...report?.evidence, batches: [] },
});

test('the size of a batch changes nothing', async () => {
  const reports = await Promise.all(
    [1, 3, 100].map((batchSize) => evaluate(echo(6), dataset(rows, six), { protocol, batchSize })),
  );
  for (const report of reports) expect(figures(report)).toEqual(figures(reports[0]));
});

test('several crops of an image are averaged', async () => {
  const twoCrops = {
    name: 'two',
    inputsPerImage: 2,
    views: () =>
      [imageOf([0, Math.log(3)]), imageOf([Math.log(7), 0])].map((input) => ({ input, weight: 1 / 2, dense: false })),
  };
  const [guesses] = await predict(echo(2), [imageOf([0, 0])], { protocol: twoCrops, categories: ['left', 'right'] });
  expect(guesses).toEqual([
    { index: 0, category: 'left', probability: expect.closeTo((0.25 + 0.875) / 2, 6) },
    { index: 1, category: 'right', probability: expect.closeTo((0.75 + 0.125) / 2, 6) },
  ]);
});

test('top-5 of three classes says that it says nothing', async () => {
  const { notes } = await evaluate(echo(3), dataset([[1, [1, 2, 3]]], ['a', 'b', 'c']), { protocol });
  expect(notes).toEqual([
    'top5 is top-3: there are 3 classes, so it says nothing',
    '2 of 3 classes have no images: their scores count as 0 in the mean of classes',
  ]);
});

test('a network that says NaN is wrong', async () => {
  const { top1, top5, loss, notes } = await evaluate(echo(6), dataset([[0, [Number.NaN, 1, 2, 3, 4, 5]]], six), {
    protocol,
  });
  expect([top1, top5, loss]).toEqual([0, 0, Number.NaN]);
  expect(notes[0]).toBe('1 of 1 images got NaN from the network and count as wrong');
});

test.each([
  ['dataset must have at least one image, got 0', [], six, 2],
  ["dataset has 2 categories, expected 6, the classes of model 'echo'", rows, ['a', 'b'], 2],
  ['batchSize must be an integer of at least 1, got 0', rows, six, 0],
  ['image 0: label 6, expected 0 to 5', [[6, [1, 2, 3, 4, 5, 6]]] as const, six, 2],
  [
    "image 1: the protocol gives 1 x 5 x 1, expected 1 x 6 x 1 for model 'echo'",
    [rows[0], [0, [1, 2, 3, 4, 5]]] as const,
    six,
    2,
  ],
])('says: %s', async (message, samples, categories, batchSize) => {
  await expect(evaluate(echo(6), dataset(samples, categories), { protocol, batchSize })).rejects.toThrow(message);
});

test('a data set that is none, and no model', async () => {
  const run = (changes: object, model = echo(6)) =>
    evaluate(model, { ...dataset(rows, six), ...changes }, { protocol, batchSize: 2 });
  for (const length of [-1, Number.NaN, 1.5])
    await expect(run({ length })).rejects.toThrow(`dataset must have at least one image, got ${length}`);
  for (const sample of [undefined, {}, { image: {}, label: 0 }])
    await expect(run({ get: () => sample })).rejects.toThrow('image 0: the data set gives no { image');
  await expect(run({ get: () => ({ image: imageOf([1]) }) })).rejects.toThrow('image 0: label NaN, expected 0 to 5');
  await expect(evaluate(undefined as never, dataset(rows, six))).rejects.toThrow(
    'model must be a tf.LayersModel, or { model } with one, got undefined',
  );
});

test('what fails in the middle leaves no tensors', async () => {
  const fails = () => {
    throw new Error('disk on fire');
  };
  const data = dataset(rows, six);
  const late = { ...data, get: (index: number) => (index < 4 ? data.get(index) : fails()) };
  await expect(evaluate(echo(6), late, { protocol, batchSize: 2 })).rejects.toThrow('disk on fire');
  await expect(evaluate(echo(6), data, { protocol, batchSize: 2, onEvent: fails })).rejects.toThrow('disk on fire');
});

test('predict says what is wrong', async () => {
  const wrong = (options: object) => predict(echo(3), [imageOf([1, 2, 3])], { protocol, ...options });
  await expect(wrong({ topK: 4 })).rejects.toThrow('topK must be an integer from 1 to 3, got 4');
  await expect(wrong({ categories: ['a'] })).rejects.toThrow(
    "categories must be 3, the classes of model 'echo', got 1",
  );
});

test('features are what the last dense layer is given, several batches and a softmax or none', async () => {
  const x = input({ shape: [1, 4, 1] });
  const hidden = layers.dense({ units: 3, kernelInitializer: 'ones', activation: 'relu' });
  const before = hidden.apply(layers.flatten().apply(x)) as SymbolicTensor;
  const probabilities = layers.dense({ units: 2, activation: 'softmax' }).apply(before) as SymbolicTensor;
  const model = makeModel({ inputs: x, outputs: probabilities });
  setModelMetadata(model, { preprocessing: { resizeSize: 1, cropSize: 1, mean: [0.5], std: [0.5] } });
  try {
    const images = Array.from({ length: 300 }, (_, i) => ({
      ...imageOf([0, 0, 0, 0]),
      data: Uint8Array.of(i % 256, 255, 255, 255),
    }));
    const { values, shape } = await extractFeatures(model, images);
    expect(shape).toEqual([300, 3]);
    for (const i of [0, 7, 128, 255, 299])
      for (const k of [0, 1, 2]) expect(values[3 * i + k]).toBeCloseTo(3 + (2 * (i % 256)) / 255 - 1, 5);
    expect(await extractFeatures(model, [])).toEqual({ values: new Float32Array(0), shape: [0, 3] });
    const preprocessing = { resizeSize: 1, cropSize: 1, mean: [0.5], std: [0.5] };
    await expect(extractFeatures({ model: echo(6), preprocessing }, images)).rejects.toThrow(
      '(Flatten), expected a dense layer',
    );
  } finally {
    model.dispose();
  }
});
