/** `@cnnzoo/shape` knows the architectures only by what a LayersModel says of itself. Its figures have to be torchvision's all the same. */
import * as alexnet from '@cnnzoo/alexnet';
import * as googlenet from '@cnnzoo/googlenet';
import * as inception from '@cnnzoo/inception';
import * as lenet from '@cnnzoo/lenet';
import * as resnet from '@cnnzoo/resnet';
import { formatSummary, summarize } from '@cnnzoo/shape';
import { lectureTable, modelGolden } from '@cnnzoo/testing';
import * as vgg from '@cnnzoo/vgg';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';

interface Case {
  readonly id: string;
  readonly build: () => LayersModel;
  readonly params: number;
  readonly macs: number;
}

const zeros = { initialWeights: 'zeros' } as const;
const withHeads = { ...zeros, auxiliaryHeads: true } as const;

const cases: readonly Case[] = [
  { id: 'alexnet', build: () => alexnet.alexnet(zeros), params: 61100840, macs: 714188480 },
  { id: 'vgg11', build: () => vgg.vgg11(zeros), params: 132863336, macs: 7609090048 },
  { id: 'vgg11_bn', build: () => vgg.vgg11Bn(zeros), params: 132868840, macs: 7609090048 },
  { id: 'vgg13', build: () => vgg.vgg13(zeros), params: 133047848, macs: 11308466176 },
  { id: 'vgg13_bn', build: () => vgg.vgg13Bn(zeros), params: 133053736, macs: 11308466176 },
  { id: 'vgg16', build: () => vgg.vgg16(zeros), params: 138357544, macs: 15470264320 },
  { id: 'vgg16_bn', build: () => vgg.vgg16Bn(zeros), params: 138365992, macs: 15470264320 },
  { id: 'vgg19', build: () => vgg.vgg19(zeros), params: 143667240, macs: 19632062464 },
  { id: 'vgg19_bn', build: () => vgg.vgg19Bn(zeros), params: 143678248, macs: 19632062464 },
  // Parameters with the auxiliary heads, multiply-accumulates without: prediction does not run them.
  { id: 'googlenet', build: () => googlenet.googlenet(withHeads), params: 13004888, macs: 1498376192 },
  { id: 'inception_v3', build: () => inception.inceptionV3(withHeads), params: 27161264, macs: 5713216096 },
  { id: 'resnet18', build: () => resnet.resnet18(zeros), params: 11689512, macs: 1814073344 },
  { id: 'resnet34', build: () => resnet.resnet34(zeros), params: 21797672, macs: 3663761408 },
  { id: 'resnet50', build: () => resnet.resnet50(zeros), params: 25557032, macs: 4089184256 },
  { id: 'resnet101', build: () => resnet.resnet101(zeros), params: 44549160, macs: 7801405440 },
  { id: 'resnet152', build: () => resnet.resnet152(zeros), params: 60192808, macs: 11513626624 },
  { id: 'resnext50_32x4d', build: () => resnet.resnext50_32x4d(zeros), params: 25028904, macs: 4230479872 },
  { id: 'wide_resnet50_2', build: () => resnet.wideResnet50_2(zeros), params: 68883240, macs: 11398021120 },
];

describe.each(cases)('$id', ({ id, build, params, macs }) => {
  test("has torchvision's parameters, multiply-accumulates and layers, and tfjs's shapes", () => {
    const model = build();
    const tensors = tf.memory().numTensors;
    const summary = summarize(model);
    expect(tf.memory().numTensors).toBe(tensors);
    expect({ params: summary.params, macs: summary.macs }).toEqual({ params, macs });
    expect(summary.params + summary.buffers).toBe(model.countParams());
    const shapes = new Map(summary.layers.map(({ name, outputShape }) => [name, outputShape]));
    for (const layer of model.layers) {
      if (layer.getClassName() !== 'InputLayer')
        expect([layer.name, shapes.get(layer.name)]).toEqual([layer.name, layer.outputShape.slice(1)]);
    }
    const golden = modelGolden(id);
    if (golden.layers !== undefined) {
      const listed = new Set(golden.layers.map(([name]) => name));
      const rows = summary.layers.flatMap((layer) => {
        const name = layer.type === 'ReLU' ? layer.name.replace(/_\d+$/, '') : layer.name;
        const [height, width, channels] = layer.outputShape;
        const shape = layer.outputShape.length === 3 ? [channels, height, width] : layer.outputShape;
        return listed.has(name) ? [[name, layer.type, shape, layer.params, layer.macs]] : [];
      });
      expect(rows).toEqual(golden.layers);
    }
    model.dispose();
  });
});

describe('receptive fields', () => {
  test.each([
    ['alexnet', alexnet.alexnet, 195],
    ['vgg16', vgg.vgg16, 212],
  ] as const)('%s at the last pooling', (_, build, size) => {
    const model = build(zeros);
    const { receptiveField } = summarize(model);
    expect(receptiveField).toMatchObject({ size: [size, size], jump: [32, 32] });
    model.dispose();
  });

  test.each([
    ['bnInception', inception.bnInception, 699],
    ['inceptionV3', inception.inceptionV3, 1311],
    // Not in the article's table. torchvision's has 3x3 kernels where the paper has 5x5, and a last pooling of 2x2: it sees about half.
    ['googlenetPaper', googlenet.googlenetPaper, 715],
    ['googlenet', googlenet.googlenet, 379],
  ] as const)('%s', (_, build, size) => {
    const model = build(zeros);
    expect(summarize(model).receptiveField).toMatchObject({ size: [size, size], jump: [32, 32] });
    model.dispose();
  });

  test.each([
    ['resnet50', resnet.resnet50, 483, 427],
    ['resnet101', resnet.resnet101, 1027, 971],
    ['resnet152', resnet.resnet152, 1507, 1451],
  ] as const)('%s', (_, build, v1, v15) => {
    for (const [variant, size] of [
      ['v1', v1],
      ['v1.5', v15],
    ] as const) {
      const model = build({ ...zeros, variant });
      expect(summarize(model).receptiveField?.size).toEqual([size, size]);
      model.dispose();
    }
  });
});

test("lenetBook prints the lecture's table", () => {
  const model = lenet.lenetBook(zeros);
  expect(formatSummary(summarize(model), { style: 'torchsummary' })).toBe(lectureTable);
  model.dispose();
});

test('lenet5 has the maps of table 6-1', () => {
  const model = lenet.lenet5(zeros);
  const summary = summarize(model);
  expect(summary.params).toBe(61706);
  const maps = summary.layers.filter(({ kernel }) => kernel !== null);
  expect(maps.map(({ outputShape }) => outputShape)).toEqual([
    [28, 28, 6],
    [14, 14, 6],
    [10, 10, 16],
    [5, 5, 16],
  ]);
  model.dispose();
});

test('shortcuts without weights, which are no layer of PyTorch, are read by what they compute', () => {
  const model = resnet.cifarResnet({ ...zeros, depth: 20, shortcut: 'A' });
  const summary = summarize(model);
  expect(summary.params).toBe(269722);
  expect(summary.receptiveField?.jump).toEqual([4, 4]);
  model.dispose();
});

test("alexnetBook has the lecture's 42,321,218 parameters", () => {
  const model = alexnet.alexnetBook(zeros);
  const table = formatSummary(summarize(model)).split('\n');
  expect(table).toContain('AdaptiveAvgPool2d-14            [-1, 256, 6, 6]               0');
  expect(table).toContain('           Linear-21                    [-1, 2]           1,026');
  expect(table).toContain('Total params: 42,321,218');
  model.dispose();
});

test('alexnetPaper has the maps of table 6-2', () => {
  const model = alexnet.alexnetPaper(zeros);
  const maps = summarize(model).layers.filter(({ kernel }) => kernel !== null);
  expect(maps.map(({ outputShape }) => outputShape[0])).toEqual([55, 27, 27, 13, 13, 13, 13, 6]);
  model.dispose();
});
