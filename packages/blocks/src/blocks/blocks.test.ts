import { pytorchWeights, stateShapes } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { input, loadLayersModel, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  asymmetricGridReduction,
  asymmetricInception,
  basicBlock,
  bottleneckBlock,
  convBatchNormRelu,
  double3x3Inception,
  expandedInception,
  factorizedConvolution,
  googlenetAuxiliaryClassifier,
  gridReduction,
  highwayBlock,
  inception,
  inceptionAuxiliaryClassifier,
  mlpconv,
  naiveInception,
  plainBlock,
  preActivationBasicBlock,
  preActivationBottleneckBlock,
  residualShortcut,
  squeezeAndExcitation,
  withInitialWeights,
} from '../index.js';

beforeAll(() => tf.setBackend('cpu'));

type Shape = readonly [height: number, width: number, channels: number];

// What a user's own network would have: small maps and few channels.
const blocks: [name: string, input: Shape, output: readonly number[], block: (x: SymbolicTensor) => SymbolicTensor][] =
  [
    [
      'conv-bn-relu',
      [7, 6, 3],
      [4, 3, 4],
      (x) => convBatchNormRelu(x, { name: 'b', filters: 4, kernelSize: 3, stride: 2, padding: 1 }),
    ],
    [
      'conv-relu',
      [7, 6, 3],
      [7, 6, 4],
      (x) => convBatchNormRelu(x, { name: 'b', filters: 4, kernelSize: 1, batchNorm: false }),
    ],
    [
      'conv-bn',
      [7, 6, 3],
      [5, 4, 4],
      (x) => convBatchNormRelu(x, { name: 'b', filters: 4, kernelSize: 3, activation: 'linear' }),
    ],
    ['plain', [7, 6, 3], [4, 3, 4], (x) => plainBlock(x, { name: 'b', filters: 4, stride: 2 })],
    ['basic, identity', [6, 6, 4], [6, 6, 4], (x) => basicBlock(x, { name: 'b', filters: 4 })],
    [
      'basic, shortcut A',
      [7, 6, 3],
      [4, 3, 6],
      (x) => basicBlock(x, { name: 'b', filters: 6, stride: 2, shortcut: 'A' }),
    ],
    ['basic, shortcut B', [7, 6, 3], [4, 3, 6], (x) => basicBlock(x, { name: 'b', filters: 6, stride: 2 })],
    ['basic, shortcut C', [6, 6, 4], [6, 6, 4], (x) => basicBlock(x, { name: 'b', filters: 4, shortcut: 'C' })],
    ['bottleneck', [7, 6, 4], [4, 3, 8], (x) => bottleneckBlock(x, { name: 'b', width: 2, stride: 2 })],
    [
      'bottleneck, v1',
      [7, 6, 4],
      [4, 3, 8],
      (x) => bottleneckBlock(x, { name: 'b', width: 2, stride: 2, strideOn: '1x1' }),
    ],
    [
      'bottleneck, groups',
      [6, 6, 4],
      [6, 6, 8],
      (x) => bottleneckBlock(x, { name: 'b', width: 4, filters: 8, groups: 2 }),
    ],
    [
      'bottleneck of SENet-154',
      [7, 6, 4],
      [4, 3, 8],
      (x) =>
        bottleneckBlock(x, {
          ...{ name: 'b', width: 4, firstWidth: 2, filters: 8, stride: 2, groups: 2 },
          ...{ shortcutKernelSize: 3, reduction: 2 },
        }),
    ],
    ['squeeze-and-excitation', [6, 5, 8], [6, 5, 8], (x) => squeezeAndExcitation(x, { name: 'b', reduction: 2 })],
    ['highway', [6, 5, 4], [6, 5, 4], (x) => highwayBlock(x, { name: 'b' })],
    [
      'mlpconv',
      [7, 6, 3],
      [4, 3, 4],
      (x) => mlpconv(x, { name: 'b', filters: [6, 5, 4], kernelSize: 3, stride: 2, padding: 1 }),
    ],
    [
      'pre-activation basic',
      [7, 6, 3],
      [4, 3, 4],
      (x) => preActivationBasicBlock(x, { name: 'b', filters: 4, stride: 2 }),
    ],
    [
      'pre-activation basic, A',
      [7, 6, 3],
      [4, 3, 4],
      (x) => preActivationBasicBlock(x, { name: 'b', filters: 4, stride: 2, shortcut: 'A' }),
    ],
    [
      'pre-activation bottleneck',
      [7, 6, 4],
      [4, 3, 8],
      (x) => preActivationBottleneckBlock(x, { name: 'b', width: 2, stride: 2 }),
    ],
    [
      'pre-activation bottleneck, C',
      [6, 6, 8],
      [6, 6, 8],
      (x) => preActivationBottleneckBlock(x, { name: 'b', width: 2, shortcut: 'C' }),
    ],
    [
      'inception, figure 2a',
      [6, 6, 4],
      [6, 6, 10],
      (x) => naiveInception(x, { name: 'b', branch1x1: 1, branch3x3: 2, branch5x5: 3 }),
    ],
    [
      'inception, figure 2b',
      [6, 6, 4],
      [6, 6, 10],
      (x) =>
        inception(x, {
          name: 'b',
          branch1x1: 1,
          reduce3x3: 2,
          branch3x3: 2,
          reduce5x5: 2,
          branch5x5: 3,
          poolProjection: 4,
        }),
    ],
    [
      'inception, figure 2b, biases',
      [6, 6, 4],
      [6, 6, 10],
      (x) =>
        inception(x, {
          name: 'b',
          branch1x1: 1,
          reduce3x3: 2,
          branch3x3: 2,
          reduce5x5: 2,
          branch5x5: 3,
          poolProjection: 4,
          batchNorm: false,
        }),
    ],
    [
      'inception, figure 5',
      [6, 6, 4],
      [6, 6, 10],
      (x) =>
        double3x3Inception(x, {
          name: 'b',
          branch1x1: 1,
          reduce3x3: 2,
          branch3x3: 2,
          reduceDouble3x3: 2,
          branchDouble3x3: 3,
          poolProjection: 4,
        }),
    ],
    [
      'inception, figure 6',
      [8, 8, 4],
      [8, 8, 10],
      (x) => asymmetricInception(x, { name: 'b', size: 5, filters: 2, reducedFilters: 3, poolProjection: 4 }),
    ],
    [
      'inception, figure 7',
      [6, 6, 4],
      [6, 6, 15],
      (x) =>
        expandedInception(x, {
          name: 'b',
          branch1x1: 1,
          branch3x3: 2,
          reduceDouble3x3: 2,
          branchDouble3x3: 3,
          poolProjection: 4,
        }),
    ],
    [
      'grid reduction, figure 10',
      [7, 7, 4],
      [3, 3, 9],
      (x) => gridReduction(x, { name: 'b', branch3x3: 2, reduceDouble3x3: 2, branchDouble3x3: 3 }),
    ],
    [
      'grid reduction with reduction and padding',
      [8, 8, 4],
      [4, 4, 9],
      (x) =>
        gridReduction(x, { name: 'b', reduce3x3: 2, branch3x3: 2, reduceDouble3x3: 2, branchDouble3x3: 3, padding: 1 }),
    ],
    [
      'asymmetric grid reduction',
      [9, 9, 4],
      [4, 4, 9],
      (x) => asymmetricGridReduction(x, { name: 'b', reducedFilters: 2, branch3x3: 2, branch7x7x3: 3 }),
    ],
    [
      'factorised convolution',
      [7, 6, 3],
      [7, 6, 4],
      (x) => factorizedConvolution(x, { name: 'b', filters: 4, kernelSize: 5 }),
    ],
    [
      'factorised convolution, linear, biases',
      [7, 6, 3],
      [7, 6, 4],
      (x) =>
        factorizedConvolution(x, { name: 'b', filters: 4, kernelSize: 7, innerActivation: 'linear', batchNorm: false }),
    ],
    [
      'auxiliary classifier of GoogLeNet',
      [7, 7, 4],
      [3],
      (x) => googlenetAuxiliaryClassifier(x, { name: 'b', numClasses: 3, dropout: 0 }),
    ],
    [
      'auxiliary classifier of GoogLeNet, the paper',
      [14, 14, 2],
      [3],
      (x) =>
        googlenetAuxiliaryClassifier(x, { name: 'b', numClasses: 3, dropout: 0, pooling: 'fixed', batchNorm: false }),
    ],
    [
      'auxiliary classifier of Inception',
      [17, 17, 2],
      [3],
      (x) => inceptionAuxiliaryClassifier(x, { name: 'b', numClasses: 3 }),
    ],
  ];

function build(shape: Shape, block: (x: SymbolicTensor) => SymbolicTensor, sizesKnown = true) {
  return withInitialWeights({ seed: 5 }, () => {
    const x = input({ shape: sizesKnown ? [...shape] : [null, null, shape[2]] });
    return makeModel({ inputs: x, outputs: block(x) });
  });
}

describe.each(blocks)('%s', (_, inputShape, outputShape, block) => {
  test('stands alone: shapes, gradients, frozen, saved and loaded', async () => {
    const model = build(inputShape, block);
    expect(model.outputs[0]?.shape).toEqual([null, ...outputShape]);
    const x = tf.randomNormal([3, ...inputShape], 0, 1, 'float32', 1);
    const probe = tf.randomNormal([3, ...outputShape], 0, 1, 'float32', 2);
    const train = () => tf.tidy(() => tf.sum(tf.mul(model.apply(x, { training: true }) as tf.Tensor, probe)));

    // A gradient reaches every weight.
    const { value, grads } = tf.variableGrads(() => train() as tf.Scalar);
    for (const { key, variable } of pytorchWeights(model).filter(({ trainable }) => trainable)) {
      const norm = tf.tidy(() => tf.norm(grads[variable.name] as tf.Tensor).dataSync()[0]);
      expect(norm, key).toBeGreaterThan(0);
    }
    tf.dispose([value, grads]);

    const output = model.predict(x) as tf.Tensor;
    const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve) => {
      model.save(
        tf.io.withSaveHandler(async (saved) => {
          resolve(saved);
          return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
        }),
      );
    });
    // Through JSON, as a file would go.
    const topology = JSON.parse(JSON.stringify(artifacts.modelTopology));
    const loaded = await loadLayersModel(tf.io.fromMemory({ ...artifacts, modelTopology: topology }));
    expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(output.dataSync());
    expect(stateShapes(loaded)).toEqual(stateShapes(model));
    loaded.dispose();

    // Frozen: the statistics stay, and training computes what evaluation does.
    for (const layer of model.layers) layer.trainable = false;
    const tensors = tf.memory().numTensors;
    const before = model.weights.map((weight) => weight.read().dataSync().slice());
    const frozen = model.apply(x, { training: true }) as tf.Tensor;
    expect(frozen.dataSync()).toEqual(output.dataSync());
    frozen.dispose();
    // Millions of values: `toEqual` takes seconds for them.
    const sameBits = (weight: tf.TypedArray, other: tf.TypedArray) =>
      Buffer.from(weight.buffer).equals(Buffer.from(other.buffer));
    const moved = model.weights.filter(
      (weight, i) => !sameBits(weight.read().dataSync().slice(), before[i] ?? new Uint8Array()),
    );
    expect(moved.map(({ name }) => name)).toEqual([]);
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose([x, probe, output]);
    model.dispose();
  });

  test('leaves no weight of a map that is too small for it', () => {
    for (let side = 1; side <= 17; side++) {
      const tensors = tf.memory().numTensors;
      try {
        build([side, side, inputShape[2]], block).dispose();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      expect(tf.memory().numTensors, `${side}x${side}`).toBe(tensors);
    }
  });

  test.skipIf(outputShape.length === 1)('takes maps of any size', () => {
    const model = build(inputShape, block, false);
    const [, , channels] = outputShape;
    expect(model.outputs[0]?.shape).toEqual([null, null, null, channels]);
    const y = model.predict(tf.zeros([1, ...inputShape])) as tf.Tensor;
    expect(y.shape).toEqual([1, ...outputShape]);
    model.dispose();
  });
});

test('the factorised convolution saves what the lecture says', () => {
  const count = (block: (x: SymbolicTensor) => SymbolicTensor) => build([8, 8, 16], block).countParams();
  const whole = count((x) => convBatchNormRelu(x, { name: 'b', filters: 16, kernelSize: 5, batchNorm: false }));
  const factors = count((x) => factorizedConvolution(x, { name: 'b', filters: 16, kernelSize: 5, batchNorm: false }));
  expect([whole - 16, factors - 32]).toEqual([25 * 16 * 16, 18 * 16 * 16]);
});

test('a residual that is zero leaves the shortcut', () => {
  const x = tf.randomNormal([1, 4, 4, 2], 0, 1, 'float32', 1);
  const shortcut = build([4, 4, 2], (x) => residualShortcut(x, { name: 's', filters: 6, stride: 2, type: 'A' }));
  const y = (shortcut.predict(x) as tf.Tensor4D).arraySync();
  const source = (x as tf.Tensor4D).arraySync();
  expect(y[0]?.[1]?.[1]).toEqual([0, 0, ...(source[0]?.[2]?.[2] ?? []), 0, 0]);
});

test.each([
  [
    () => build([6, 6, 4], (x) => basicBlock(x, { name: 'b', filters: 4, shortcut: 'D' as 'A' })),
    /shortcut must be one of 'A', 'B', 'C', got 'D'/,
  ],
  [() => build([6, 6, 4], (x) => bottleneckBlock(x, { name: 'b', width: 3, groups: 2 })), /groups must be .*, got 2/],
  [
    () => build([6, 6, 4], (x) => asymmetricInception(x, { name: 'b', size: 4, reducedFilters: 1, poolProjection: 1 })),
    /size must be an odd integer.*, got 4/,
  ],
  [
    () => build([6, 6, 4], (x) => factorizedConvolution(x, { name: 'b', filters: 1, kernelSize: 4 })),
    /kernelSize must be an odd integer of at least 3, got 4/,
  ],
  [
    () =>
      build([2, 6, 4], (x) => gridReduction(x, { name: 'b', branch3x3: 2, reduceDouble3x3: 2, branchDouble3x3: 3 })),
    /height is 2/,
  ],
  [
    () => build([6, 6, 4], (x) => residualShortcut(x, { name: 's', filters: 2, stride: 2, type: 'A' })),
    /filters of layer s must be .*, got 2/,
  ],
])('refuses wrong options: %s', (build, message) => {
  expect(build).toThrow(message);
});
