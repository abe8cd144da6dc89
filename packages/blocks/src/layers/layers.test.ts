import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { goldenInput, pytorchWeights, uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import {
  input as inputTensor,
  type LayersModel,
  type layers,
  model as makeModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  adaptiveAveragePooling2d,
  averagePooling2d,
  batchNorm,
  connect,
  contrastNormalization,
  conv2d,
  dense,
  elu,
  highwayBlock,
  localResponseNormalization,
  maxout,
  maxPooling2d,
  mlpconv,
  prelu,
  spatialPyramidPooling,
  squeezeAndExcitation,
} from '../index.js';

beforeAll(() => registerOnnxBackend({ threads: 1 }));

interface Case {
  readonly layer: string;
  readonly options: object;
  readonly input: readonly number[];
  readonly training: boolean;
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

// The options come from a file, with the names of the factories' own.
const factories = {
  adaptiveAveragePooling2d,
  averagePooling2d,
  batchNorm,
  contrastNormalization,
  conv2d,
  dense,
  elu,
  localResponseNormalization,
  maxout,
  maxPooling2d,
  prelu,
  spatialPyramidPooling,
} as Record<string, (options: object) => layers.Layer>;

const blocks = {
  highwayBlock,
  maxoutConvolution: (
    x: SymbolicTensor,
    { name, filters, pieces }: { name: string; filters: number; pieces: number },
  ) => connect(x, conv2d({ name: `${name}.conv`, filters, kernelSize: 3, padding: 1 }), maxout({ pieces })),
  mlpconv,
  squeezeAndExcitation,
} as Record<string, (x: SymbolicTensor, options: object) => SymbolicTensor>;

/** The layer or block of a case, on an input. */
function place(x: SymbolicTensor, { layer: kind, options }: Case): SymbolicTensor {
  const named = { ...options, name: 'layer' };
  const layer = factories[kind]?.(named);
  const y = layer === undefined ? blocks[kind]?.(x, named) : connect(x, layer);
  if (y === undefined) throw new Error(`unknown layer ${kind}`);
  return y;
}

const cases: readonly Case[] = JSON.parse(readFileSync(new URL('./fixtures/layers.json', import.meta.url), 'utf8'));

/** PyTorch's order of a batch of feature maps. */
function channelsFirst(x: tf.Tensor): Float32Array {
  return tf.tidy(() => (x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x).dataSync() as Float32Array);
}

function tensor(name: string, shape: readonly number[]): tf.Tensor {
  const [n = 0, c = 0, h = 0, w = 0] = shape;
  if (shape.length === 2) return tf.tensor(uniform(name, n * c), [n, c]);
  if (name === 'input') return tf.tensor(goldenInput(n, c, h, w), [n, h, w, c]);
  return tf.tidy(() => tf.transpose(tf.tensor(uniform(name, n * c * h * w), [n, c, h, w]), [0, 2, 3, 1]));
}

function figures(values: Float32Array): number[] {
  const dot = (other: Float32Array) => values.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
  return [Math.sqrt(dot(values)), dot(uniform('probe0', values.length)), dot(uniform('probe1', values.length))];
}

describe.each(['cpu', 'onnx'])('backend %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test('pieces of maxout that are equal share the gradient', () => {
    const x = tf.tensor2d([[1, 1, 0, -2, 2, 2, 2, -1]]);
    const gradient = tf.tidy(() =>
      tf
        .grad((x) => tf.sum(tf.mul(maxout({ pieces: 4 }).apply(x) as tf.Tensor, tf.tensor2d([[3, 6]]))))(x)
        .dataSync(),
    );
    // PyTorch: torch.tensor([[1., 1, 0, -2, 2, 2, 2, -1]]).unflatten(1, (2, 4)).amax(2)
    expect([...gradient]).toEqual([1.5, 1.5, 0, 0, 2, 2, 2, 0]);
    x.dispose();
  });

  test.each(cases)('$layer $options, training $training, on $input is as in PyTorch', (golden) => {
    const { input: shape, training, expected } = golden;
    const [, c = 0, ...size] = shape;
    const x = tensor('input', shape);
    const symbolic = inputTensor({ shape: [...size.map(() => null), c] });
    const model: LayersModel = makeModel({ inputs: symbolic, outputs: place(symbolic, golden) });
    const weights = pytorchWeights(model);
    for (const { golden, variable } of weights) {
      const value = tf.tensor(golden(), variable.shape.map(Number));
      variable.write(value);
      value.dispose();
    }

    // With the input's size known the layer has to know its output's, too.
    const sized = inputTensor({ shape: [...size, c] });
    const known = makeModel({ inputs: sized, outputs: place(sized, golden) });
    const [knownChannels, ...knownSize] = expected['shape'] ?? [];
    expect(known.outputs[0]?.shape).toEqual([null, ...knownSize, knownChannels]);
    known.dispose();

    const actual: Record<string, number[]> = {};
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const y = tf.keep(model.apply(x, { training: false }) as tf.Tensor);
      const [channels, ...outputSize] = expected['shape'] ?? [];
      expect(y.shape).toEqual([shape[0], ...outputSize, channels]);
      y.dispose();
      const dy = tensor('dy', [shape[0] ?? 0, channels ?? 0, ...outputSize]);
      let output = y;
      const inputGradient = tf.grad((x) => {
        output = tf.keep(model.apply(x, { training }) as tf.Tensor);
        return tf.sum(tf.mul(output, dy));
      })(x);
      actual['output'] = figures(channelsFirst(output));
      output.dispose();
      actual['input'] = figures(channelsFirst(inputGradient));
      // The running statistics have moved once. The weights' gradients do not depend on them.
      for (const { key, toPytorch, variable, trainable } of weights)
        if (!trainable) actual[key.slice(6)] = figures(toPytorch(variable.read().dataSync()));
      if (weights.length > 0) {
        const { grads } = tf.variableGrads(() => tf.sum(tf.mul(model.apply(x, { training }) as tf.Tensor, dy)));
        for (const { key, toPytorch, variable, trainable } of weights)
          if (trainable) actual[key.slice(6)] = figures(toPytorch((grads[variable.name] as tf.Tensor).dataSync()));
      }
    });
    expect(tf.memory().numTensors).toBe(before);

    const { shape: _, ...wanted } = expected;
    expect(Object.keys(actual).sort()).toEqual(Object.keys(wanted).sort());
    for (const [key, values] of Object.entries(wanted))
      values.forEach((value, index) => {
        const tolerance = 2e-5 * Math.max(1, values[0] ?? 0);
        expect(Math.abs((actual[key]?.[index] ?? Number.NaN) - value), `${key}[${index}]`).toBeLessThan(tolerance);
      });
    tf.dispose(x);
    model.dispose();
  });
});
