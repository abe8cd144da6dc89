/** Equalized layers and corrected biases: beside numpy's, and drawn networks that answer as before. */
import { freeze, openOnnxGraph, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { attributeProto, dataTypes, decodeModel, type NodeProto, type TensorProto } from '@cnnzoo/onnx-format';
import { uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../fixtures/equalization.json' with { type: 'json' };
import { encodeGraph } from '../graph/encode-graph.js';
import { type Graph, graphOf, node } from '../graph/graph.js';
import { float32Tensor, floatsOf, int64Tensor, sizeOf } from '../graph/tensors.js';
import { quantize, sensitivity } from '../index.js';
import { lopsidedNetwork } from '../testing/lopsided-network.js';
import { unevenImages, unevenNetwork } from '../testing/uneven-network.js';
import { equalize } from './equalize.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

function graphOfFile(model: Uint8Array): Graph {
  const { graph } = decodeModel(model);
  if (graph === undefined) throw new Error('no graph');
  return graphOf(graph);
}

const constantOf = ({ constants }: Graph, name = ''): Float32Array => {
  const tensor = constants.get(name);
  return (tensor && floatsOf(tensor)) ?? new Float32Array();
};

const rangesOf = (weights: Float32Array, outputs: number) =>
  Array.from({ length: outputs }, (_, channel) =>
    weights
      .subarray((channel * weights.length) / outputs, ((channel + 1) * weights.length) / outputs)
      .reduce((most, weight) => Math.max(most, Math.abs(weight)), 0),
  );

describe('a network whose channels have very different sizes', () => {
  const graph = graphOfFile(unevenNetwork());
  const layers = graph.nodes.filter(({ opType }) => opType === 'Conv' || opType === 'Gemm');

  it("is equalized as in numpy's float64", () => {
    const equalized = graphOfFile(unevenNetwork());
    equalize(equalized, 'uneven');
    for (const [name, expected] of Object.entries(golden.equalized.ranges)) {
      const [, weight, bias] = equalized.nodes.find((each) => each.name === name)?.input ?? [];
      const weights = constantOf(equalized, weight);
      const [biases, sums] = [golden.equalized.biases, golden.equalized.sums] as Readonly<Record<string, unknown>>[];
      for (const [channel, range] of rangesOf(weights, expected.length).entries())
        expect(range / (expected[channel] ?? 0), `${name}[${channel}]`).toBeCloseTo(1, 5);
      expect(weights.reduce((sum, each) => sum + each, 0)).toBeCloseTo(Number(sums?.[name]), 5);
      for (const [channel, value] of constantOf(equalized, bias).entries())
        expect(value).toBeCloseTo((biases?.[name] as readonly number[] | undefined)?.[channel] ?? Number.NaN, 6);
    }
  });

  it("has the biases that numpy's means correct", async () => {
    const { model, facts } = await quantize(unevenNetwork(), [unevenImages()], { weights: 'int8', correctBias: true });
    expect(facts).toMatchObject({ correctBias: true, equalize: false });
    const quantized = graphOfFile(model);
    let moved = 0;
    for (const layer of layers) {
      const written = quantized.nodes.find(({ name }) => name === layer.name);
      const dequantize = quantized.nodes.find(({ output }) => output[0] === written?.input[2]);
      const [integers, scale] = (dequantize?.input ?? []).map((name) => quantized.constants.get(name));
      const bytes = Uint8Array.from(integers?.rawData ?? []);
      const scales = (scale && floatsOf(scale)) ?? new Float32Array();
      const before = constantOf(graph, layer.input[2]);
      for (const [channel, value] of new Int32Array(bytes.buffer).entries()) {
        const expected = (golden.corrected as Readonly<Record<string, number[]>>)[layer.name]?.[channel] ?? Number.NaN;
        const step = scales[channel] ?? Number.NaN;
        // A value on the edge of a step may be rounded to either side.
        expect(Math.abs(value * step - expected), `${layer.name}[${channel}]`).toBeLessThan(0.51 * step + 2e-5);
        if (Math.abs(expected - (before[channel] ?? 0)) > 2 * step + 8e-5) moved++;
      }
    }
    // Whoever corrects nothing fails here, and whoever corrects into the other direction.
    expect(moved).toBeGreaterThan(4);
  });

  it('is left alone where a ReLU6 cuts off what scaling would move', () => {
    const before = graphOfFile(unevenNetwork(['Clip', 'Relu', 'Clip']));
    const after = graphOfFile(unevenNetwork(['Clip', 'Relu', 'Clip']));
    equalize(after, 'uneven');
    const changed = after.nodes
      .filter(({ input }, i) => input[1] !== before.nodes[i]?.input[1])
      .map(({ name }) => name);
    expect(changed).toEqual(['depthwise', 'second']);
    const none = graphOfFile(unevenNetwork(['Clip', 'Clip', 'Sigmoid']));
    expect(() => equalize(none, 'uneven')).toThrow(/equalize: uneven has no layer .* are Clip, Sigmoid/);
  });
});

/** A network of drawn layers, between which is what equalization passes, and what it must not. */
function drawnNetwork(seed: number): Graph {
  const random = uniform(`drawn ${seed}`, 400);
  let drawn = 0;
  const draw = (below: number) => Math.floor((((random[drawn++] ?? 0) + 1) / 2) * below);
  const constants = new Map<string, TensorProto>();
  const nodes: NodeProto[] = [];
  const constant = (tensor: TensorProto) => {
    constants.set(tensor.name, tensor);
    return tensor.name;
  };
  const weight = (name: string, dims: number[]) =>
    constant(
      float32Tensor(
        name,
        dims,
        uniform(`${seed}/${name}`, sizeOf(dims)).map((value) => 0.7 * value * 3 ** draw(3)),
      ),
    );
  const add = (opType: string, input: string[], attributes: NodeProto['attribute'] = []) => {
    const name = `${opType}${nodes.length}`;
    nodes.push(node(opType, name, input, [name], attributes));
    return name;
  };
  let [x, channels, size] = ['images', 3, 12];
  const pads = attributeProto('pads', [1, 1, 1, 1]);
  const before = new Map<number, string>();
  for (let depth = 0; depth < 5; depth++) {
    const groups = [1, 1, channels, channels % 2 === 0 ? 2 : 1][draw(4)] ?? 1;
    const outputs = groups === 1 ? 3 + draw(4) : groups * (1 + draw(2));
    const dims = [outputs, channels / groups, 3, 3];
    const bias = draw(3) > 0 ? [weight(`b${depth}`, [outputs])] : [];
    x = add('Conv', [x, weight(`w${depth}`, dims), ...bias], [pads, attributeProto('group', groups)]);
    channels = outputs;
    for (let steps = draw(3); steps > 0; steps--)
      switch (draw(9)) {
        case 0:
          x = add('LeakyRelu', [x], [attributeProto('alpha', { float: 0.2 })]);
          break;
        case 1:
          x = add('PRelu', [x, weight(`slope${nodes.length}`, [channels, 1, 1])]);
          break;
        case 2:
          if (size < 4) break;
          x = add(
            draw(2) ? 'MaxPool' : 'AveragePool',
            [x],
            [attributeProto('kernel_shape', [2, 2]), attributeProto('strides', [2, 2])],
          );
          size = Math.floor(size / 2);
          break;
        case 3: {
          const ends = draw(2);
          x = add('Pad', [x, constant(int64Tensor(`pads${nodes.length}`, [0, 0, 1, 0, 0, ends, 0, 1]))]);
          [channels, size] = [channels + ends, size + 1];
          break;
        }
        case 4:
          x = add('Clip', [
            x,
            constant(float32Tensor('zero', [], Float32Array.of(0))),
            constant(float32Tensor('six', [], Float32Array.of(6))),
          ]);
          break;
        case 5:
          x = add('Sigmoid', [x]);
          break;
        default:
          x = add('Relu', [x]);
      }
    // What is read a second time: a shortcut.
    const shortcut = before.get(channels * 100 + size);
    if (shortcut !== undefined && draw(2) === 0) x = add('Add', [x, shortcut]);
    if (draw(3) === 0) before.set(channels * 100 + size, x);
  }
  const flattens = draw(2) === 0;
  const flat = add('Flatten', [flattens ? x : add('GlobalAveragePool', [x])]);
  const [values, transposed] = [flattens ? channels * size * size : channels, draw(2)];
  const gemm = (name: string, from: string, of: number, units: number) =>
    add(
      'Gemm',
      [from, weight(`${name}w`, transposed ? [units, of] : [of, units]), weight(`${name}b`, [draw(2) ? units : 1])],
      [attributeProto('transB', transposed), attributeProto('beta', { float: 0.5 })],
    );
  const hidden = add('Relu', [gemm('hidden', flat, values, 7)]);
  const scores = gemm('scores', hidden, 7, 4);
  const value = (name: string, dims: number[]) => ({
    name,
    type: { tensorType: { elemType: dataTypes.float32, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  return { nodes, constants, inputs: [value('images', [2, 3, 12, 12])], outputs: [value(scores, [2, 4])] };
}

it('drawn networks answer as before, whatever is between their layers', () => {
  let changed = 0;
  for (let seed = 0; seed < 25; seed++) {
    const graph = drawnNetwork(seed);
    const images = { type: 'float32', dims: [2, 3, 12, 12], data: uniform(`images ${seed}`, 2 * 3 * 144) } as const;
    const answers = () => {
      const [output] = graph.outputs;
      const session = openOnnxGraph(
        encodeGraph(
          {
            name: 'drawn',
            node: graph.nodes,
            initializer: [...graph.constants.values()],
            input: graph.inputs,
            output: graph.outputs,
          },
          17,
        ),
      );
      const { data = [] } =
        session.fetch(new Map([['images', images]]), [output?.name ?? '']).get(output?.name ?? '') ?? {};
      session.dispose();
      return Array.from(data, Number);
    };
    const before = answers();
    const weights = graph.nodes.map(({ input }) => input[1]);
    equalize(graph, 'drawn');
    changed += graph.nodes.filter(({ input }, i) => input[1] !== weights[i]).length;
    const most = Math.max(...before.map(Math.abs));
    for (const [i, score] of answers().entries())
      expect(Math.abs(score - (before[i] ?? 0)) / most, `network ${seed}, score ${i}`).toBeLessThan(2e-5);
  }
  expect(changed).toBeGreaterThan(75);
});

it('a layer that one scale cannot hold is held after equalization, as quantize and sensitivity see it', async () => {
  const { model, images, labels } = lopsidedNetwork(100, 0.001);
  const shares = [];
  for (const equalizes of [false, true]) {
    const options = { perChannel: false, weights: 'int7', equalize: equalizes } as const;
    const report = await sensitivity(model, { calibration: [images], test: [{ images, labels }] }, options);
    const frozen = freeze(await quantize(model, [images], options));
    const scores = frozen.run(images);
    frozen.dispose();
    const right = labels.filter((label, i) => {
      const row = scores.subarray(4 * i, 4 * i + 4);
      return row.indexOf(Math.max(...row)) === label;
    });
    shares.push({ lost: report.all.loss, right: right.length / labels.length });
  }
  model.dispose();
  const [before, after] = shares;
  expect(before?.lost).toBeGreaterThan(20);
  expect(after?.lost).toBeLessThan(10);
  expect(before?.right).toBeLessThan(0.8);
  expect(after?.right).toBeGreaterThan(0.9);
});

it('images that can be read once are refused before any work', async () => {
  const once = (function* () {
    yield unevenImages();
  })();
  await expect(quantize(unevenNetwork(), once, { correctBias: true })).rejects.toThrow(/correctBias reads .* twice/);
  const again = await quantize(unevenNetwork(), () => [unevenImages()][Symbol.iterator](), { correctBias: true });
  const array = await quantize(unevenNetwork(), [unevenImages()], { correctBias: true });
  expect(Buffer.compare(again.model, array.model)).toBe(0);
});
