import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { useBackend } from '@cnnzoo/backend-node';
import { exportOnnx, writeOnnx } from '@cnnzoo/backend-onnx';
import { arrayDataset } from '@cnnzoo/data';
import { tenCrop } from '@cnnzoo/evaluate';
import { quantize } from '@cnnzoo/quantize';
import { saturatingProcessor } from '@cnnzoo/testing/saturating-processor';
import { preprocessings } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ImageClassifier, imageClassifier } from '../classifier/classifier.js';
import { loadClassifier } from '../classifier/load-classifier.js';
import { createModel } from '../networks/create-model.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-classifier-'));
const categories = ['cat', 'dog', 'frog'];
let network: ImageClassifier;
beforeAll(async () => {
  await useBackend();
  const model = createModel('cifar_resnet20', { numClasses: 3, seed: 3 });
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), categories });
  network = imageClassifier(model);
});
afterAll(async () => {
  await network.dispose();
  rmSync(folder, { recursive: true });
});

const images = [1, 5, 11].map((factor) => ({
  data: Uint8Array.from({ length: 48 * 40 * 3 }, (_, i) => (i * factor) % 256),
  width: 48,
  height: 40,
  channels: 3,
}));

/** The same classes, with probabilities that differ by rounding alone. */
function expectSame(found: Awaited<ReturnType<ImageClassifier['classify']>>[], expected: typeof found): void {
  expect(found.map((each) => each.map(({ category }) => category))).toEqual(
    expected.map((each) => each.map(({ category }) => category)),
  );
  for (const [i, each] of found.entries())
    for (const [j, { probability }] of each.entries())
      expect(Math.abs(probability - (expected[i]?.[j]?.probability ?? 2))).toBeLessThan(1e-4);
}

test.each([
  ['NHWC', {}],
  ['NCHW', { layout: 'NCHW' }],
  ['of two images at once', { batchSize: 2 }],
  ['that takes pixels', { preprocessing: true }],
  ['that takes pixels in NCHW', { preprocessing: true, layout: 'NCHW' }],
  ['with its weights beside it', { externalData: true }],
] as const)('a file %s sees what the network sees, here and in threads', async (_, options) => {
  const file = join(folder, 'network.onnx');
  await writeOnnx(network.model, file, options);
  const { numTensors } = tf.memory();
  const classifier = await loadClassifier(file);
  expect(classifier.categories).toEqual(categories);
  const expected = await network.classify(images, { worker: 0 });
  for (const worker of [0, 2]) expectSame(await classifier.classify(images, { worker }), expected);
  const [crops] = await classifier.classify(images.slice(0, 1), { protocol: tenCrop() });
  expect(crops).toHaveLength(3);
  const labelled = arrayDataset({
    data: images[0]?.data ?? new Uint8Array(),
    labels: [1],
    categories,
    width: 48,
    height: 40,
    channels: 3,
  });
  expect((await classifier.evaluate(labelled)).loss).toBeCloseTo((await network.evaluate(labelled)).loss, 3);
  await expect(classifier.save(join(folder, 'saved'))).rejects.toThrow(/network\.onnx.*copy it/);
  await classifier.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('a file of 8-bit integers is a classifier like any other, here, in threads and in processes, as a server starts it', async () => {
  const file = join(folder, 'int8.onnx');
  const pixels = network.network.inputShape.reduce((product, size) => product * size, 1);
  const calibration = [1, 5, 11].map((factor) =>
    Float32Array.from({ length: 2 * pixels }, (_, i) => 2 * Math.sin(i * factor)),
  );
  await (await quantize(network.model, calibration)).save(file);
  const classifier = await loadClassifier(file);
  expect(classifier.categories).toEqual(categories);
  const here = await classifier.classify(images, { worker: 0 });
  expectSame(await classifier.classify(images, { worker: 2 }), here);
  const [batch = new Float32Array()] = calibration;
  const exact = await network.network.start(1);
  const expected = await exact.run(batch);
  const largest = Math.max(...Array.from(expected, Math.abs));
  const served = await classifier.network.start(1);
  const scores = await served.run(batch);
  for (const [i, score] of scores.entries()) expect(Math.abs(score - (expected[i] ?? 0))).toBeLessThan(0.1 * largest);
  await Promise.all([served.dispose(), exact.dispose()]);
  await classifier.dispose();
});

test('on a processor where sums saturate, a file of 8-bit weights is warned of once, however it is used', async () => {
  const pixels = network.network.inputShape.reduce((product, size) => product * size, 1);
  const calibration = [Float32Array.from({ length: 2 * pixels }, (_, i) => 2 * Math.sin(i))];
  const files = {
    int8: join(folder, 'bits8.onnx'),
    int7: join(folder, 'bits7.onnx'),
    float: join(folder, 'bits.onnx'),
  };
  for (const weights of ['int8', 'int7'] as const)
    await (await quantize(network.model, calibration, { weights })).save(files[weights]);
  await writeOnnx(network.model, files.float);
  const script = join(folder, 'use.mjs');
  writeFileSync(
    script,
    `
    import { loadClassifier, useBackend } from '${new URL('../../dist/index.js', import.meta.url)}';
    await useBackend();
    const image = { data: new Uint8Array(32 * 32 * 3), width: 32, height: 32, channels: 3 };
    for (const file of ${JSON.stringify(Object.values(files))}) {
      const classifier = await loadClassifier(file);
      for (const worker of [0, 2]) await classifier.classify([image], { worker });
      // As a server does.
      const served = await classifier.network.start(1);
      await served.run(new Float32Array(${pixels}));
      await served.dispose();
      await classifier.dispose();
    }`,
  );
  const { stderr } = await promisify(execFile)(process.execPath, [...saturatingProcessor, script]);
  expect(stderr.split('\n').filter((line) => line.includes('QuantizationWarning'))).toEqual([
    expect.stringMatching(/CNNZOO_INT8_SATURATES.*bits8\.onnx has weights of 8 bits.*weights: 'int7'/),
  ]);
});

test('a file of others is told what it does not say', async () => {
  const { model } = network;
  const [input] = model.inputs;
  const probabilities = layers.softmax().apply(model.outputs[0] as SymbolicTensor) as SymbolicTensor;
  const theirs = makeModel({ inputs: input as SymbolicTensor, outputs: probabilities, name: 'theirs' });
  const file = join(folder, 'theirs.onnx');
  writeFileSync(file, exportOnnx(theirs, { layout: 'NCHW' }));
  await expect(loadClassifier(file)).rejects.toThrow(
    /theirs\.onnx does not say how its images are prepared.*preprocessing/,
  );
  await expect(loadClassifier(file, { preprocessing: 'imagnet' as 'imagenet' })).rejects.toThrow(
    /preprocessing must be/,
  );
  const classifier = await loadClassifier(file, { preprocessing: preprocessings.cifar, categories });
  // Its probabilities are taken as they are.
  expectSame(await classifier.classify(images, { worker: 0 }), await network.classify(images, { worker: 0 }));
  await classifier.dispose();
  await expect(loadClassifier(file, { preprocessing: 'cifar', categories: ['one'] })).rejects.toThrow(/3 classes.*1/);
  await expect(loadClassifier(file, { network: 'lenet5' })).rejects.toThrow(/leave network out/);
  await expect(loadClassifier('lenet5', { preprocessing: 'mnist' })).rejects.toThrow(
    /preprocessing is for an ONNX file/,
  );
  writeFileSync(join(folder, 'text.onnx'), 'no model');
  await expect(loadClassifier(join(folder, 'text.onnx'))).rejects.toThrow(/text\.onnx: no ONNX model/);
});
