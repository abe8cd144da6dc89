import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import { describeFamily, onBackend, parameterCount, stateShapes, testGoldenTraining } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import { googlenet, googlenetPaper } from './index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('cpu');
});

const zeros = { initialWeights: 'zeros' } as const;

describeFamily('googlenet', googlenet, { withHeads: true, backends: ['onnx', 'cpu'] });
testGoldenTraining('googlenet', (options) => googlenet({ ...options, dropout: 0 }));

test("the paper's network has the sizes of its table 1", () => {
  const model = googlenetPaper(zeros);
  expect(parameterCount(model)).toBe(6_998_552);
  expect(modelMetadata(model)?.id).toBe('googlenet_paper');
  const rows = ['conv1', 'maxpool1', 'conv3', 'maxpool2', 'inception3a', 'inception3b', 'maxpool3', 'inception4a'];
  rows.push('inception4b', 'inception4c', 'inception4d', 'inception4e', 'maxpool4', 'inception5a', 'inception5b');
  const sizes = features(model, rows).outputs.map(({ shape }) => shape.slice(1));
  expect(sizes).toEqual([
    [112, 112, 64],
    [56, 56, 64],
    [56, 56, 192],
    [28, 28, 192],
    [28, 28, 256],
    [28, 28, 480],
    [14, 14, 480],
    [14, 14, 512],
    [14, 14, 512],
    [14, 14, 512],
    [14, 14, 528],
    [14, 14, 832],
    [7, 7, 832],
    [7, 7, 832],
    [7, 7, 1024],
  ]);
  model.dispose();
});

test("the paper's heads pool 14x14 to 4x4", () => {
  const model = googlenetPaper({ auxiliaryHeads: true, ...zeros });
  expect(parameterCount(model)).toBe(13_378_280);
  expect(model.getLayer('aux1.avg_pool2d').outputShape).toEqual([null, 4, 4, 512]);
  expect(model.outputs.map(({ shape }) => shape)).toEqual([
    [null, 1000],
    [null, 1000],
    [null, 1000],
  ]);
  const ofPaper = Object.keys(stateShapes(model)).filter((key) => key.startsWith('inception3a.branch3.1'));
  expect(ofPaper).toEqual(['inception3a.branch3.1.conv.weight', 'inception3a.branch3.1.conv.bias']);
  model.dispose();
});

test.each([
  [googlenet, false, 15],
  [googlenet, true, 15],
  [googlenetPaper, false, 31],
  [googlenetPaper, true, 79],
])('%o, auxiliary heads %s: %d is the smallest input', async (build, auxiliaryHeads, size) => {
  const options = { auxiliaryHeads, numClasses: 3, ...zeros };
  const model = build({ inputShape: [size, size, 1], ...options });
  const outputs = await onBackend('onnx', () => model.predict(tf.zeros([1, size, size, 1])));
  expect([outputs].flat().map(({ shape }) => shape)).toEqual(auxiliaryHeads ? Array(3).fill([1, 3]) : [[1, 3]]);
  tf.dispose(outputs);
  model.dispose();
  expect(() => build({ inputShape: [size - 1, size, 3], ...options })).toThrow(
    new RegExp(`height of at least ${size}, the smallest input of \\w+, got ${size - 1}`),
  );
});

test("`dropout` goes for all classifiers; left out, each has the paper's", () => {
  const rates = (options: object) =>
    googlenet({ auxiliaryHeads: true, ...zeros, ...options })
      .layers.filter((layer) => layer.getClassName() === 'CnnzooDropout')
      .map((layer) => [layer.name, layer.getConfig()['rate']])
      .sort();
  expect(rates({})).toEqual([
    ['aux1.dropout', 0.7],
    ['aux2.dropout', 0.7],
    ['dropout', 0.2],
  ]);
  expect(rates({ dropout: 0 }).map(([, rate]) => rate)).toEqual([0, 0, 0]);
});

test.each([
  [() => googlenet({ numClasses: 0 }), RangeError, /numClasses must be .*, got 0/],
  [() => googlenet({ auxiliaryHeads: 1 } as object), TypeError, /auxiliaryHeads must be .*, got 1/],
  [
    () => googlenet({ auxiliaryHeads: true, includeTop: false }),
    RangeError,
    /auxiliaryHeads must be false where includeTop is false/,
  ],
  [() => googlenetPaper({ auxiliaryHeads: true, inputShape: [null, 224, 3] }), RangeError, /a known height, got null/],
  [() => googlenet({ aux_logits: true } as object), TypeError, /googlenet has no option 'aux_logits'/],
  [() => googlenet(null as never), TypeError, /options of googlenet must be an object/],
])('refuses wrong options: %s', (build, type, message) => {
  expect(build).toThrow(type);
  expect(build).toThrow(message);
});
