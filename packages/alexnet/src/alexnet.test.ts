import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { modelMetadata } from '@cnnzoo/blocks';
import { describeFamily, type ModelGolden, parameterCount, stateShapes, testGoldenTraining } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { alexnet, alexnetBook, alexnetPaper, zfnet, zfnetB } from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

const zeros = { initialWeights: 'zeros' } as const;

describeFamily('alexnet', alexnet, { backends: ['onnx', 'cpu'] });
// Its last feature map is enlarged at this input.
testGoldenTraining('alexnet', (options) => alexnet({ ...options, dropout: 0 }));

const zfnetGolden = new URL('./fixtures/zfnet.json', import.meta.url);
describe('zfnet', () => describeFamily(JSON.parse(readFileSync(zfnetGolden, 'utf8')) as ModelGolden, zfnet));

test("ZFNet's variant has the parameters of pytorchcv's", () => {
  const model = zfnetB(zeros);
  expect(parameterCount(model)).toBe(107_627_624);
  model.dispose();
});

test("the paper's network has the sizes of the lecture's table 6-2", () => {
  const model = alexnetPaper(zeros);
  expect(model.countParams()).toBe(60_965_224);
  expect(modelMetadata(model)).toMatchObject({
    id: 'alexnet_paper',
    preprocessing: { resizeSize: 256, cropSize: 227 },
  });
  const sizes = model.layers
    .filter((layer) => ['CnnzooConv2D', 'CnnzooMaxPooling2D'].includes(layer.getClassName()))
    .map(({ outputShape }) => outputShape.slice(1));
  expect(sizes).toEqual([
    [55, 55, 96],
    [27, 27, 96],
    [27, 27, 256],
    [13, 13, 256],
    [13, 13, 384],
    [13, 13, 384],
    [13, 13, 256],
    [6, 6, 256],
  ]);
  expect(stateShapes(model)).toMatchObject({
    'features.4.weight': [256, 48, 5, 5],
    'features.8.weight': [384, 256, 3, 3],
    'features.10.weight': [384, 192, 3, 3],
    'features.12.weight': [256, 192, 3, 3],
  });
  model.dispose();
});

test("the paper's biases start at 1 where it says so", () => {
  const model = alexnetPaper({ numClasses: 2, inputShape: [67, 67, 1], seed: 1 });
  const ones = model.layers
    .filter((layer) => layer.weights.length === 2 && layer.getWeights()[1]?.dataSync()[0] === 1)
    .map(({ name }) => name);
  expect(ones).toEqual(['features.4', 'features.10', 'features.12', 'classifier.0', 'classifier.3']);
  model.dispose();
});

test("the lecture's network has the sizes of its summary", () => {
  const model = alexnetBook(zeros);
  expect(model.countParams()).toBe(42_321_218);
  const sizes = model.layers.slice(1, 15).map(({ outputShape }) => outputShape.slice(1));
  expect(sizes).toEqual([
    [63, 63, 64],
    [63, 63, 64],
    [31, 31, 64],
    [31, 31, 192],
    [31, 31, 192],
    [15, 15, 192],
    [15, 15, 384],
    [15, 15, 384],
    [15, 15, 256],
    [15, 15, 256],
    [15, 15, 256],
    [15, 15, 256],
    [7, 7, 256],
    [6, 6, 256],
  ]);
  expect(model.outputs[0]?.shape).toEqual([null, 2]);
  model.dispose();
});

test('the smallest inputs are possible', () => {
  expect(alexnet({ includeTop: false, inputShape: [63, 63, 1], ...zeros }).outputs[0]?.shape).toEqual([
    null,
    1,
    1,
    256,
  ]);
  expect(alexnetPaper({ includeTop: false, inputShape: [67, 67, 3], ...zeros }).outputs[0]?.shape).toEqual([
    null,
    1,
    1,
    256,
  ]);
});

test.each([
  [
    () => alexnet({ inputShape: [62, 224, 3] }),
    RangeError,
    /height of at least 63, the smallest input of alexnet, got 62/,
  ],
  [
    () => alexnetPaper({ inputShape: [227, 66, 3] }),
    RangeError,
    /width of at least 67, the smallest input of alexnet_paper, got 66/,
  ],
  [() => alexnetPaper({ inputShape: [null, 227, 3] }), RangeError, /a known height, got null/],
  [() => alexnetBook({ numClasses: 0 }), RangeError, /numClasses must be .*, got 0/],
  [() => alexnet({ groups: 2 } as object), TypeError, /alexnet has no option 'groups'/],
  [() => alexnet({ auxiliaryHeads: true } as object), RangeError, /alexnet has no auxiliary classifiers/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
