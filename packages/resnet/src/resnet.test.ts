import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import {
  describeFamily,
  goldenInput,
  loadGoldenWeights,
  onBackend,
  parameterCount,
  relativeError,
  stateShapes,
  testGoldenTraining,
} from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import * as resnet from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

for (const [name, build] of [
  ['resnet18', resnet.resnet18],
  ['resnet34', resnet.resnet34],
  ['resnet50', resnet.resnet50],
  ['resnet101', resnet.resnet101],
  ['resnet152', resnet.resnet152],
  ['resnext50_32x4d', resnet.resnext50_32x4d],
  ['wide_resnet50_2', resnet.wideResnet50_2],
] as const)
  describeFamily(name, build);

testGoldenTraining('cifar_resnet20', (options) => resnet.cifarResnet({ ...options, depth: 20 }));
testGoldenTraining('resnet18', resnet.resnet18);

test("tfjs's cpu backend computes the same", async () => {
  const logits: Record<string, Float32Array> = {};
  for (const backend of ['onnx', 'cpu'])
    await onBackend(backend, async () => {
      const model = resnet.cifarResnet({ depth: 20, initialWeights: 'zeros' });
      loadGoldenWeights(model);
      const output = model.predict(tf.tensor4d(goldenInput(1, 3, 32, 32), [1, 32, 32, 3])) as tf.Tensor;
      logits[backend] = (await output.data()) as Float32Array;
      model.dispose();
    });
  expect(relativeError(logits['cpu'] ?? [], logits['onnx'] ?? [])).toBeLessThan(1e-5);
});

const zeros = { initialWeights: 'zeros' } as const;

test.each([
  ['plain18', () => resnet.plain18(zeros), 11_515_688],
  ['plain34', () => resnet.plain34(zeros), 21_623_848],
  ['resnext101_32x8d', () => resnet.resnext101_32x8d(zeros), 88_791_336],
  ['wide_resnet101_2', () => resnet.wideResnet101_2(zeros), 126_886_696],
  ['resnet50_v2', () => resnet.resnet50V2(zeros), 25_549_352],
  ['resnet101_v2', () => resnet.resnet101V2(zeros), 44_541_480],
  ['resnet152_v2', () => resnet.resnet152V2(zeros), 60_185_128],
  // Trainable ones of keras.applications' ResNet50V2 and its relatives.
  ['resnet50_v2', () => resnet.resnet50V2({ ...zeros, variant: 'keras' }), 25_568_360],
  ['resnet101_v2', () => resnet.resnet101V2({ ...zeros, variant: 'keras' }), 44_577_896],
  ['resnet152_v2', () => resnet.resnet152V2({ ...zeros, variant: 'keras' }), 60_236_904],
  ['cifar_plain20', () => resnet.cifarPlain({ depth: 20, ...zeros }), 269_722],
  ['cifar_plain110', () => resnet.cifarPlain({ depth: 110, ...zeros }), 1_727_962],
  ['cifar_resnet20', () => resnet.cifarResnet({ depth: 20, ...zeros }), 269_722],
  ['cifar_resnet32', () => resnet.cifarResnet({ depth: 32, ...zeros }), 464_154],
  ['cifar_resnet44', () => resnet.cifarResnet({ depth: 44, ...zeros }), 658_586],
  ['cifar_resnet56', () => resnet.cifarResnet({ depth: 56, ...zeros }), 853_018],
  ['cifar_resnet110', () => resnet.cifarResnet({ depth: 110, ...zeros }), 1_727_962],
  ['cifar_resnet1202', () => resnet.cifarResnet({ depth: 1202, ...zeros }), 19_421_274],
  ['cifar_preact_resnet164', () => resnet.cifarPreActResnet({ depth: 164, ...zeros }), 1_703_258],
  ['cifar_preact_resnet1001', () => resnet.cifarPreActResnet({ depth: 1001, ...zeros }), 10_327_706],
])('%s has its parameters', (id, build, expected) => {
  const model = build();
  expect(parameterCount(model)).toBe(expected);
  expect(modelMetadata(model)?.id).toBe(id);
  model.dispose();
});

test('variants keep the shapes', () => {
  const shapes = (model: LayersModel) => stateShapes(model);
  expect(shapes(resnet.resnet50({ ...zeros, variant: 'v1' }))).toEqual(shapes(resnet.resnet50(zeros)));
  const stride = (model: LayersModel, name: string) => model.getLayer(name).getConfig()['stride'];
  const v1 = resnet.resnet50({ ...zeros, variant: 'v1' });
  expect([stride(v1, 'layer2.0.conv1'), stride(v1, 'layer2.0.conv2')]).toEqual([
    [2, 2],
    [1, 1],
  ]);
  // A has no weights, B two projections, C one in each block: He et al. (2015), table 3.
  const weights = (shortcut: 'A' | 'B' | 'C') =>
    Object.keys(stateShapes(resnet.cifarResnet({ depth: 20, shortcut, ...zeros }))).filter((key) =>
      key.endsWith('shortcut.0.weight'),
    ).length;
  expect([weights('A'), weights('B'), weights('C')]).toEqual([0, 2, 9]);
});

test('is a backbone', async () => {
  const model = resnet.resnet18({ ...zeros, includeTop: false, inputShape: [null, null, 1] });
  const backbone = features(model, ['layer1.0.relu', 'layer2', 'layer4']);
  expect(backbone.outputs.map(({ shape }) => shape)).toEqual([
    [null, null, null, 64],
    [null, null, null, 128],
    [null, null, null, 512],
  ]);
  expect(backbone.outputs.map(({ name }) => name.split('/')[0])).toEqual([
    'layer1.0.relu',
    'layer2.1.relu_1',
    'layer4.1.relu_1',
  ]);
  const maps = await onBackend('onnx', () => backbone.predict(tf.zeros([1, 50, 70, 1])) as tf.Tensor[]);
  expect(maps.map(({ shape }) => shape)).toEqual([
    [1, 13, 18, 64],
    [1, 7, 9, 128],
    [1, 2, 3, 512],
  ]);
  expect(() => features(model, ['layer5'])).toThrow(/layer4.*got 'layer5'/);
});

test('is saved and loaded with what it knows of itself', async () => {
  const model = resnet.cifarPreActResnet({ depth: 164, seed: 3, numClasses: 5 });
  const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve) => {
    model.save(
      tf.io.withSaveHandler(async (saved) => {
        resolve(saved);
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
      }),
    );
  });
  const loaded = await loadLayersModel(tf.io.fromMemory(artifacts));
  const input = tf.tensor4d(goldenInput(2, 3, 32, 32), [2, 32, 32, 3]);
  const [before, after] = await onBackend('onnx', () =>
    [model, loaded].map((each) => (each.predict(input) as tf.Tensor).dataSync()),
  );
  expect(after).toEqual(before);
  expect(modelMetadata(loaded)).toEqual(modelMetadata(model));
  expect(modelMetadata(loaded)).toMatchObject({ id: 'cifar_preact_resnet164', options: { numClasses: 5 } });
});

test.each([
  [() => resnet.resnet50({ variant: 'v2' as 'v1' }), RangeError, /variant must be .*, got 'v2'/],
  [() => resnet.resnet50V2({ variant: 'v1' } as object), RangeError, /variant must be .*, got 'v1'/],
  [() => resnet.resnet18({ variant: 'v1' } as object), TypeError, /resnet18 has no option 'variant'/],
  [() => resnet.plain18({ shortcut: 'A' } as object), TypeError, /plain18 has no option 'shortcut'/],
  [() => resnet.cifarResnet({ depth: 21 as 20 }), RangeError, /depth must be one of 20, 32.*, got 21/],
  [() => resnet.resnet50({ auxiliaryHeads: true } as object), RangeError, /no auxiliary classifiers/],
  [() => resnet.resnet50({ inputShape: [0, 224, 3] }), RangeError, /height.*0/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
