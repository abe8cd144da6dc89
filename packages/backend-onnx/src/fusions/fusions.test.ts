/** Each row of the table: a graph compiled with it is another than one without it, and gives the same numbers. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeModel } from '../graph/onnx-model.js';
import { emitPrediction } from '../prediction/emit-prediction.js';
import { recordPrediction } from '../prediction/record-prediction.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';
import { difference, numbers, type Results, withGradients } from '../testing/both-backends.js';
import { compiledBy } from '../testing/compiled-graphs.js';
import { residualNetwork, train } from '../testing/small-networks.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { fusions } from './index.js';

type Image = tf.Tensor4D;

const image = (channels: number, size = 12) => numbers([2, size, size, channels], 1) as Image;
const filter = (inputs: number, outputs: number, kernel = 3) =>
  tf.mul(numbers([kernel, kernel, inputs, outputs], 2), 1 / (kernel * Math.sqrt(inputs))) as Image;
const padded = (x: tf.Tensor, value = 0) =>
  tf.pad(
    x as Image,
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ] as [number, number][],
    value,
  ) as Image;
const convolved = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as Image, w as Image, 1, 'same');
/** Large enough for blocks of channels, which are taken from 1,000 positions on. */
const inBlocks = () => convolved(image(32, 24), filter(32, 32));

function inGroups(x: tf.Tensor, w: tf.Tensor, groups: number): Image {
  const [parts, filters] = [x, w].map((whole) => tf.split(whole, groups, 3)) as [Image[], Image[]];
  return tf.concat(
    parts.map((part, i) => tf.conv2d(part, filters[i] as Image, 1, 'valid')),
    3,
  );
}

const grouped = (groups: number) => () =>
  withGradients((x, w) => inGroups(padded(x), w, groups), [image(4 * groups), filter(4, 4 * groups)]);

/** Code whose graph each row changes. */
const code: Readonly<Record<string, () => Results>> = {
  'zero padding': () => withGradients((x, w) => tf.conv2d(padded(x), w as Image, 2, 'valid'), [image(3), filter(3, 5)]),
  'zero padding after ReLU': () => ({ y: tf.maxPool(padded(tf.relu(image(3))), 3, 2, 'valid') }),
  'padding with -Infinity': () => ({ y: tf.maxPool(padded(image(3), -Infinity), 3, 2, 'valid') }),
  'inner input gradient': () =>
    withGradients((x, w) => tf.conv2d(padded(x), w as Image, 1, 'valid'), [image(3), filter(3, 5)]),
  'inner grouped input gradient': grouped(2),
  'inner pooling gradient': () => withGradients((x) => tf.maxPool(padded(x, -Infinity), 3, 2, 'valid'), [image(3)]),
  'scaled convolution': () => {
    const [mean, offset, scale] = [3, 4, 5].map((seed) => numbers([6], seed)) as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const x = convolved(image(3), filter(3, 6)) as Image;
    return { y: tf.batchNorm(x, mean, tf.add(tf.square(mean), 0.5) as tf.Tensor1D, offset, scale) };
  },
  'bias of a convolution': () => ({ y: tf.add(convolved(image(3), filter(3, 6)), numbers([6], 3)) }),
  'scaled channels': () => {
    const x = convolved(image(3, 16), filter(3, 6));
    const scaled = tf.mul(x, numbers([6], 3));
    const [shifted, added] = [tf.add(scaled, numbers([6], 4)), tf.add(image(6, 16), tf.mul(numbers([6], 5), x))];
    return { shifted, rectified: tf.relu(tf.add(tf.mul(x, numbers([6], 6)), added)), added };
  },
  'ReLU in blocks': () => ({ y: tf.relu(inBlocks()) }),
  'max pooling in blocks': () => ({ y: tf.maxPool(inBlocks() as Image, 2, 2, 'valid') }),
  'blocks throughout': () => ({ y: convolved(inBlocks(), filter(32, 32)) }),
  'pooling gradient of ReLU': () => {
    const inside = withGradients((x) => tf.maxPool(padded(tf.relu(x), -Infinity), 3, 2, 'valid'), [image(4)]);
    return {
      ...withGradients((x) => tf.maxPool(tf.relu(x) as Image, 2, 2, 'valid'), [image(3)]),
      ...Object.fromEntries(Object.entries(inside).map(([name, value]) => [`${name} where padded`, value])),
    };
  },
  'gradient of ReLU': () => withGradients((x) => tf.relu(x), [image(3)]),
  'scaled twice': () => ({ y: tf.mul(tf.mul(image(3), numbers([3], 3)), numbers([3], 4)) }),
  broadcast: () => ({ y: tf.add(image(3), tf.tile(numbers([1, 1, 1, 3], 3), [2, 12, 12, 1])) }),
  'sum of a product': () => {
    const [a, b] = [filter(3, 6), filter(3, 6, 5)].map((w) => convolved(image(3, 26), w)) as [Image, Image];
    return { sum: tf.sum(tf.mul(a, b), [0, 1, 2]), mean: tf.mean(tf.square(a), [0, 1, 2]) };
  },
  'grouped convolution': () => ({ y: inGroups(image(8), filter(4, 8), 2) }),
  'grouped input gradient': grouped(2),
  'grouped filter gradient': grouped(8),
};

const without = (name: string) => fusions.filter((row) => row.name !== name);

async function numbersBy(compute: () => Results, rows = fusions) {
  const { result, graphs, block } = await compiledBy(
    () => {
      const results = tf.tidy(compute as () => { [name: string]: tf.Tensor });
      const values = Object.entries(results).map(([name, tensor]) => [name, tensor.dataSync().slice()] as const);
      tf.dispose(results);
      return new Map(values);
    },
    { fusions: rows },
  );
  return { values: result, graphs, block };
}

function expectSame(actual: ReadonlyMap<string, ArrayLike<number>>, expected: ReadonlyMap<string, ArrayLike<number>>) {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, values] of expected) expect(difference(actual.get(name) ?? [], values), name).toBeNull();
}

afterEach(() => {
  tf.disposeVariables();
});

describe('fusions', () => {
  it('have names of their own', () => {
    const names = fusions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(code)).toEqual(names.filter((name) => name !== 'folded batch norm'));
  });

  it.each(Object.entries(code))('%s: another graph, the same numbers', async (name, compute) => {
    const [fused, plain, bare] = [
      await numbersBy(compute),
      await numbersBy(compute, without(name)),
      await numbersBy(compute, []),
    ];
    expectSame(fused.values, plain.values);
    expectSame(fused.values, bare.values);
    const row = fusions.find((each) => each.name === name);
    // Processors without vector kernels have no blocks to fuse.
    if (row?.needs !== 'blockedConvolution' || fused.block > 0) expect(fused.graphs).not.toEqual(plain.graphs);
  });

  it('folded batch norm: other weights in a file, the same prediction', async () => {
    const { result } = await compiledBy(() => {
      const model = tfl.sequential({
        layers: [
          tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 6, kernelSize: 3, padding: 'same' }),
          tfl.layers.batchNormalization(),
        ],
      });
      model.setWeights(
        model
          .getWeights()
          .map((weight, i) => (i === 5 ? tf.add(tf.square(numbers(weight.shape, i)), 0.5) : numbers(weight.shape, i))),
      );
      const recorded = recordPrediction(model, { batchSize: 2 }, tf.backend() as OnnxBackend);
      const predicted = [fusions, without('folded batch norm')].map((rows) => {
        const options = { opset: 17, layout: 'plain', preprocess: null, fusions: rows } as const;
        const { graph } = emitPrediction(recorded, options);
        const [input, output] = [graph.input[0]?.name ?? '', graph.output[0]?.name ?? ''];
        const session = onnxruntimeNode().createSession(encodeModel(graph, []), { threads: 1 });
        const tensor = (data: Float32Array, channels: number) => ({
          type: 'float32' as const,
          dims: [2, 8, 8, channels],
          data,
        });
        const y = new Float32Array(2 * 8 * 8 * 6);
        const x = numbers([2, 8, 8, 3], 9).dataSync<'float32'>();
        session.run(new Map([[input, tensor(x, 3)]]), new Map([[output, tensor(y, 6)]]));
        session.dispose();
        return { y, operators: graph.node.map(({ opType }) => opType) };
      });
      model.dispose();
      return predicted;
    });
    const [folded, plain] = result;
    expect(difference(folded?.y ?? [], plain?.y ?? [1])).toBeNull();
    expect(folded?.operators).not.toContain('BatchNormalization');
    expect(plain?.operators).toContain('BatchNormalization');
  });

  it('without any a network trains as with all of them', async () => {
    const trained = (rows: typeof fusions) =>
      compiledBy(() => train('onnx', residualNetwork, () => tf.train.momentum(0.05, 0.9)), { fusions: rows });
    const [fused, bare] = [await trained(fusions), await trained([])];
    for (const [i, loss] of bare.result.losses.entries())
      expect(Math.abs((fused.result.losses[i] ?? 0) / loss - 1)).toBeLessThan(1e-4);
    bare.result.weights.forEach((weights, i) => {
      expect(difference(fused.result.weights[i] ?? [], weights, 2e-3), `weights ${i}`).toBeNull();
    });
  });
});
