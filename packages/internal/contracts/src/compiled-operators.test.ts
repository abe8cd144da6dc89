/**
 * What a ResNet-18's training step compiles to: so many nodes of each ONNX operator. The fusions match what the layers of
 * `@cnnzoo/blocks` and the optimizers happen to record; a tidy-up there that they do not recognize any more shows here, not only as a
 * slower step. Where the numbers fall, note the new ones; where they rise, find out why.
 *
 * Nothing is computed: the runtime is a stub that keeps the graphs, with the blocks of channels of a processor with AVX-512 or of one
 * without vector kernels, so that the numbers do not depend on where the test runs.
 */
import { resnet18, resnet50, resnext50_32x4d } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createBackend } from '../../../backend-onnx/src/create-backend.js';
import { kernelTables } from '../../../backend-onnx/src/kernels/index.js';
import type { Runtime } from '../../../backend-onnx/src/runtime/runtime.js';
import { improveGradients } from '../../../backend-onnx/src/tfjs/gradients.js';
import { backendName } from '../../../backend-onnx/src/tfjs/kernel.js';
import { registerKernels } from '../../../backend-onnx/src/tfjs/register-kernels.js';
import { type CompiledNode, nodesOfModel } from './onnx-nodes.js';

const withBlocks = {
  Add: 238,
  Cast: 2,
  Concat: 2,
  Conv: 93,
  ConvTranspose: 5,
  Div: 3,
  Exp: 2,
  FusedMatMul: 34,
  Gather: 23,
  Gemm: 11,
  HardSigmoid: 21,
  IsNaN: 1,
  Log: 1,
  MatMul: 5,
  MaxPool: 2,
  Mul: 412,
  Neg: 1,
  Pad: 13,
  Reciprocal: 20,
  ReduceMax: 2,
  ReduceMean: 31,
  ReduceSum: 66,
  Relu: 17,
  ReorderInput: 34,
  ReorderOutput: 26,
  Reshape: 297,
  Slice: 3,
  Sqrt: 20,
  Sub: 27,
  Tile: 2,
  Transpose: 71,
  Where: 1,
};

const withoutBlocks = {
  Add: 268,
  Cast: 2,
  Conv: 45,
  ConvTranspose: 6,
  Div: 3,
  Exp: 2,
  Expand: 1,
  FusedMatMul: 30,
  Gather: 13,
  Gemm: 11,
  HardSigmoid: 17,
  IsNaN: 1,
  Log: 1,
  MatMul: 5,
  MaxPool: 1,
  Mul: 453,
  Neg: 1,
  Pad: 12,
  Reciprocal: 20,
  ReduceMax: 2,
  ReduceMean: 31,
  ReduceSum: 63,
  Relu: 17,
  Reshape: 264,
  ScatterElements: 1,
  Slice: 13,
  Sqrt: 20,
  Sub: 23,
  Tile: 2,
  Transpose: 53,
  Where: 1,
};

function compiledStep(block: number, network: typeof resnet18 = resnet18): CompiledNode[] {
  const models: Uint8Array[] = [];
  const runtime: Runtime = {
    description: 'a stub that computes nothing',
    createDeviceSession: null,
    runsInThreads: false,
    createSession(model) {
      models.push(model);
      return { run() {}, dispose() {} };
    },
  };
  registerKernels(kernelTables);
  tf.registerBackend(backendName, () => createBackend(runtime, { threads: 1, graph: { block } }));
  void tf.setBackend(backendName);
  improveGradients();
  const model = network({ initialWeights: 'zeros' });
  const optimizer = tf.train.momentum(0.1, 0.9);
  const images = tf.zeros([8, 224, 224, 3]);
  const labels = tf.zeros([8, 1000]);
  const loss = optimizer.minimize(
    () => tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as tf.Tensor) as tf.Scalar,
    true,
  );
  loss?.dataSync();
  const nodes = models.map((bytes) => nodesOfModel(bytes));
  model.dispose();
  optimizer.dispose();
  tf.dispose([images, labels, loss as tf.Scalar]);
  tf.removeBackend(backendName);
  // The step is the largest: constants and initial states are graphs of a few nodes.
  return nodes.reduce((largest, each) => (each.length > largest.length ? each : largest));
}

function count(nodes: readonly CompiledNode[], of: (node: CompiledNode) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of nodes) counts[of(node)] = (counts[of(node)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b, 'en')));
}

/** Operations whose result is an image that a convolution makes, forward or backward. A slice takes the gradient inside a padding. */
const convolutions = ['Conv2D', 'Conv2DBackpropInput', 'Slice'];
const isConvolution = ({ type, operation }: CompiledNode) => /^Conv/.test(type) && convolutions.includes(operation);

/**
 * Sums and products of matrices, after which there is no image any more; convolutions as products reorder pixels on purpose. A sum that is emitted as
 * a convolution scales channels.
 */
const endsImage = ({ type, operation }: CompiledNode) =>
  /^(Conv|Reduce|Gemm)|MatMul$/.test(type) && operation !== 'Add';

/** Images that come from one convolution and reach another, and those among them that go through a Transpose on the way. */
function imagesBetween(nodes: readonly CompiledNode[]): { reached: string[]; reordered: string[] } {
  /** For each image that a convolution has made, or what comes of it: whether it was transposed. */
  const images = new Map<string, boolean>();
  const [reached, reordered]: [string[], string[]] = [[], []];
  for (const node of nodes) {
    const { type, inputs, outputs } = node;
    const [image = ''] = inputs;
    if (isConvolution(node) && images.has(image)) reached.push(image);
    if (isConvolution(node) && images.get(image) === true) reordered.push(image);
    const read = inputs.flatMap((name) => images.get(name) ?? []);
    if (isConvolution(node)) for (const output of outputs) images.set(output, false);
    else if (!endsImage(node) && read.length > 0)
      for (const output of outputs) images.set(output, type === 'Transpose' || read.includes(true));
  }
  return { reached, reordered };
}

describe("a ResNet-18's training step", () => {
  it.each([
    ['AVX-512', 16, withBlocks],
    ['no vector kernels', 0, withoutBlocks],
  ])('compiles to a known number of nodes of each operator with %s', (_, block, expected) => {
    expect(count(compiledStep(block), ({ type }) => type)).toEqual(expected);
  });

  it.each([16, 0])('with blocks of %i reorders no image between two convolutions', (block) => {
    const { reached, reordered } = imagesBetween(compiledStep(block));
    expect(reordered).toEqual([]);
    // Most of the 20 convolutions and their gradients are convolutions in ONNX, too.
    expect(reached.length).toBeGreaterThan(20);
  });
});

describe("a ResNeXt-50's training step", () => {
  // tfjs records a convolution of 32 groups as 32 of one group, and its gradients, too: 3,100 operations more than a ResNet-50's.
  it('is one graph of about as many nodes as a ResNet-50’s', { timeout: 60_000 }, () => {
    const [grouped, plain] = [compiledStep(16, resnext50_32x4d), compiledStep(16, resnet50)];
    expect(grouped.length / plain.length).toBeLessThan(1.15);
    expect(grouped.filter(({ operation }) => operation === 'SplitV')).toEqual([]);
  });
});
