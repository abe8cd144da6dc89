import '@tensorflow/tfjs-backend-cpu';
import { goldenWeight } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';
import { loadStateDict } from './load-state-dict.js';
import { stateDict } from './state-dict-of-model.js';

beforeAll(() => tf.setBackend('cpu'));

/** conv [5, 3, 3, 2] -> batch norm -> flatten 4x3x5 -> dropout -> dense 7 -> dense 7 -> dense 2 */
function network(classes = 2): tfl.LayersModel {
  return tfl.sequential({
    name: 'net',
    layers: [
      tfl.layers.conv2d({ inputShape: [6, 4, 3], filters: 5, kernelSize: [3, 2], name: 'features.0' }),
      tfl.layers.batchNormalization({ name: 'features.1' }),
      tfl.layers.flatten({ name: 'flatten' }),
      tfl.layers.dropout({ rate: 0.5, name: 'dropout' }),
      tfl.layers.dense({ units: 7, name: 'fc1' }),
      tfl.layers.dense({ units: 7, name: 'fc2' }),
      tfl.layers.dense({ units: classes, name: 'fc3' }),
    ],
  });
}

const shapes: Record<string, number[]> = {
  'features.0.weight': [5, 3, 3, 2],
  'features.0.bias': [5],
  'features.1.weight': [5],
  'features.1.bias': [5],
  'features.1.running_mean': [5],
  'features.1.running_var': [5],
  'fc1.weight': [7, 60],
  'fc1.bias': [7],
  'fc2.weight': [7, 7],
  'fc2.bias': [7],
  'fc3.weight': [2, 7],
  'fc3.bias': [2],
};

function golden(rename = (key: string) => key): StateDict {
  return new Map(
    Object.entries(shapes).map(([key, shape]): [string, StateTensor] => [
      rename(key),
      { dtype: 'F32', shape, data: goldenWeight(key, shape) },
    ]),
  );
}

const plain = (dict: StateDict) =>
  Object.fromEntries([...dict].map(([key, { shape, data }]) => [key, { shape, data }]));

describe('layouts', () => {
  test("keys and shapes are PyTorch's, for every model of a process", () => {
    for (let i = 0; i < 2; i++) {
      const dict = stateDict(network());
      expect(Object.fromEntries([...dict].map(([key, { shape }]) => [key, shape]))).toEqual(shapes);
    }
  });

  test('convolution OIHW, dense [out, in], after a flatten in CHW order', () => {
    const model = network();
    loadStateDict(model, golden());
    const value = (layer: string, index: number) =>
      model.getLayer(layer).getWeights()[index]?.arraySync() as number[][];
    const [o, i, h, w] = [4, 1, 2, 1];
    const conv = value('features.0', 0) as unknown as number[][][][];
    expect(conv[h]?.[w]?.[i]?.[o]).toBe(golden().get('features.0.weight')?.data[((o * 3 + i) * 3 + h) * 2 + w]);
    const [out, y, x, c] = [6, 2, 1, 3];
    expect(value('fc1', 0)[(y * 3 + x) * 5 + c]?.[out]).toBe(
      golden().get('fc1.weight')?.data[out * 60 + (c * 4 + y) * 3 + x],
    );
    expect(value('fc2', 0)[2]?.[5]).toBe(golden().get('fc2.weight')?.data[5 * 7 + 2]);
  });

  test('round trip through a file, bit for bit, NaN payloads too', async () => {
    const dict = golden();
    const weight = dict.get('fc1.weight')?.data as Float32Array;
    new Uint32Array(weight.buffer).set([0x7fc12345, 0xffc00001, 0x80000000, 0x00000001]);
    const model = network();
    loadStateDict(model, dict);
    const written = writeSafetensors(stateDict(model));
    expect(written).toEqual(writeSafetensors(dict));
    const second = network();
    loadStateDict(second, await readSafetensors(written));
    expect(writeSafetensors(stateDict(second))).toEqual(written);
  });

  test('depthwise, transposed, one- and three-dimensional convolutions, embeddings, batch norm after a flatten', () => {
    const image = tfl.input({ shape: [4, 4, 3] });
    const apply = (layer: { apply: (x: tfl.SymbolicTensor) => unknown }, x: tfl.SymbolicTensor) =>
      layer.apply(x) as tfl.SymbolicTensor;
    let x = apply(tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, name: 'depthwise' }), image);
    x = apply(tfl.layers.conv2dTranspose({ kernelSize: 2, filters: 4, name: 'transposed' }), x);
    x = apply(tfl.layers.flatten(), x);
    x = apply(tfl.layers.batchNormalization({ name: 'norm' }), x);
    // As many outputs as inputs.
    x = apply(tfl.layers.dense({ units: 36, name: 'square' }), x);
    x = apply(tfl.layers.dense({ units: 2, name: 'fc' }), x);
    const model = tfl.model({ inputs: image, outputs: x });
    const dict = stateDict(model);
    expect(dict.get('depthwise.weight')?.shape).toEqual([6, 1, 3, 3]);
    expect(dict.get('transposed.weight')?.shape).toEqual([6, 4, 2, 2]);
    expect(dict.get('norm.weight')?.shape).toEqual([36]);
    const numbered = new Map(
      [...dict].map(([key, tensor]) => [
        key,
        { ...tensor, data: Float32Array.from({ length: tensor.data.length }, (_, i) => i) },
      ]),
    );
    loadStateDict(model, numbered);
    const depthwise = model.getLayer('depthwise').getWeights()[0] as tf.Tensor4D;
    // Output channel 2 * input + multiplier.
    expect(depthwise.arraySync()[1]?.[2]?.[1]?.[1]).toBe((2 * 1 + 1) * 9 + 1 * 3 + 2);
    // Feature (y, x, c) = (1, 2, 3) of [3, 3, 4] is c * 9 + y * 3 + x in CHW order.
    const [norm] = model.getLayer('norm').getWeights();
    expect(norm?.dataSync()[(1 * 3 + 2) * 4 + 3]).toBe(3 * 9 + 1 * 3 + 2);
    const [kernel, bias] = model.getLayer('square').getWeights();
    expect([...(bias?.dataSync() ?? [])]).toEqual(Array.from({ length: 36 }, (_, i) => i));
    expect((kernel as tf.Tensor2D).arraySync()[(1 * 3 + 2) * 4 + 3]?.[5]).toBe(5 * 36 + 3 * 9 + 1 * 3 + 2);
    expect(plain(stateDict(model))).toEqual(plain(numbered));

    const sequence = tfl.sequential({
      layers: [
        tfl.layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 8, name: 'embedding' }),
        tfl.layers.conv1d({ filters: 3, kernelSize: 2, name: 'conv1d' }),
      ],
    });
    expect(stateDict(sequence).get('embedding.weight')?.shape).toEqual([10, 4]);
    expect(stateDict(sequence).get('conv1d.weight')?.shape).toEqual([3, 4, 2]);
    const volume = tfl.sequential({
      layers: [tfl.layers.conv3d({ inputShape: [4, 5, 6, 2], filters: 3, kernelSize: [1, 2, 3], name: 'conv3d' })],
    });
    expect(stateDict(volume).get('conv3d.weight')?.shape).toEqual([3, 2, 1, 2, 3]);
  });

  test('a model in a model has its name as a prefix', () => {
    const inner = network();
    const outer = tfl.sequential({ layers: [inner, tfl.layers.dense({ units: 3, name: 'head' })] });
    expect([...stateDict(outer).keys()].slice(-4)).toEqual([
      'net.fc3.weight',
      'net.fc3.bias',
      'head.weight',
      'head.bias',
    ]);
  });

  test('two equal keys are an error', () => {
    const inner = (units: number) =>
      tfl.sequential({ name: 'a', layers: [tfl.layers.dense({ units, inputShape: [3], name: 'b' })] });
    const other = tfl.sequential({ layers: [inner(3), tfl.layers.dense({ units: 1, name: 'a.b' })] });
    expect(() => stateDict(other)).toThrow("'a.b.weight'");
  });

  test('permuting in blocks is the definition', async () => {
    const size = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), size, size, async (kernel, input, output) => {
        const model = tfl.sequential({
          layers: [
            tfl.layers.conv2d({
              inputShape: [4, 4, input],
              filters: output,
              kernelSize: kernel,
              useBias: false,
              name: 'c',
            }),
          ],
        });
        const shape = [output, input, kernel, kernel];
        const data = Float32Array.from({ length: output * input * kernel * kernel }, (_, i) => i);
        loadStateDict(model, new Map([['c.weight', { dtype: 'F32', shape, data }]]));
        const expected = tf.tidy(() =>
          tf.transpose(tf.tensor(data, shape as [number, number, number, number]), [2, 3, 1, 0]).dataSync(),
        );
        expect(model.getWeights()[0]?.dataSync()).toEqual(expected);
        expect(stateDict(model).get('c.weight')?.data).toEqual(data);
        model.dispose();
      }),
      { numRuns: 30 },
    );
  });
});

describe('matching', () => {
  test('one error lists every missing, unexpected and wrongly shaped key, and nothing was changed', () => {
    const dict = golden();
    dict.delete('fc2.bias');
    dict.set('fc4.weight', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
    dict.set('fc3.weight', { dtype: 'F32', shape: [3, 7], data: new Float32Array(21) });
    const model = network();
    const before = plain(stateDict(model));
    let message = '';
    try {
      loadStateDict(model, dict);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(`the state dict does not fit the model 'net'
1 missing:
  fc2.bias
1 unexpected:
  fc4.weight
1 wrongly shaped:
  fc3.weight: [3,7] in the state dict, [2,7] in the model
For a head with another number of classes, pass ignoreMismatchedShapes: true: wrongly shaped weights then keep the values that they have`);
    expect(plain(stateDict(model))).toEqual(before);
    expect(() => loadStateDict(model, dict, { strict: false })).toThrow('wrongly shaped');
    expect(loadStateDict(model, dict, { strict: false, ignoreMismatchedShapes: true })).toMatchObject({
      missing: ['fc2.bias'],
      unexpected: ['fc4.weight'],
      mismatched: ['fc3.weight'],
    });
  });

  test('a new head is kept when the caller says so, as the error without it advises', () => {
    const model = network(3);
    expect(() => loadStateDict(model, golden())).toThrow(
      /2 wrongly shaped:.*another number of classes, build the network with numClasses: 2 to load this head, or pass ignoreMismatchedShapes: true/s,
    );
    const head = stateDict(model).get('fc3.weight');
    const { mismatched } = loadStateDict(model, golden(), { ignoreMismatchedShapes: true });
    expect(mismatched).toEqual(['fc3.weight', 'fc3.bias']);
    expect(stateDict(model).get('fc3.weight')).toEqual(head);
    expect(stateDict(model).get('fc2.weight')?.data).toEqual(golden().get('fc2.weight')?.data);
  });

  test.each(['module.', 'model.', 'model.module.', 'module._orig_mod.'])(
    "strips '%s' when all keys have it",
    (prefix) => {
      const model = network();
      const dict = golden((key) => prefix + key);
      dict.set(`${prefix}features.1.num_batches_tracked`, { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) });
      loadStateDict(model, dict);
      expect(plain(stateDict(model))).toEqual(plain(golden()));
      dict.set('other', { dtype: 'F32', shape: [], data: Float32Array.of(0) });
      expect(() => loadStateDict(model, dict)).toThrow('missing');
    },
  );

  test('keeps a prefix that the model has itself', () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [1], units: 1, name: 'model.0' })] });
    expect(loadStateDict(model, stateDict(model)).loaded).toEqual(['model.0.weight', 'model.0.bias']);
  });

  test('renames, and leaves out', () => {
    const model = network();
    const dict = golden((key) => key.replace('fc', 'classifier'));
    dict.set('aux.weight', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
    loadStateDict(model, dict, {
      rename: (key) => (key.startsWith('aux') ? null : key.replace('classifier', 'fc')),
    });
    expect(plain(stateDict(model))).toEqual(plain(golden()));
    expect(() => loadStateDict(model, golden(), { rename: () => 'same' })).toThrow("same name 'same'");
  });

  test('converts other number types, refuses complex ones', () => {
    const model = network();
    const bias = (tensor: StateTensor) => loadStateDict(model, new Map([['fc2.bias', tensor]]), { strict: false });
    const read = () => stateDict(model).get('fc2.bias')?.data;
    bias({ dtype: 'F64', shape: [7], data: Float64Array.of(1, 2, 3, 4, 5, 6, 0.1) });
    expect(read()?.[6]).toBe(Math.fround(0.1));
    bias({ dtype: 'I64', shape: [7], data: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n, -7n) });
    expect(read()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, -7));
    expect(() => bias({ dtype: 'C64', shape: [7], data: new Float32Array(14) })).toThrow('C64');
  });

  test("Keras's layout is tfjs's own", () => {
    const model = network();
    const values = Float32Array.from({ length: 60 * 7 }, (_, i) => i);
    loadStateDict(model, new Map([['fc1.weight', { dtype: 'F32', shape: [60, 7], data: values, layout: 'keras' }]]), {
      strict: false,
    });
    expect(model.getLayer('fc1').getWeights()[0]?.dataSync()).toEqual(values);
  });
});

test('no tensor is left, and the model shares no memory with the dict', () => {
  const model = network();
  const dict = golden();
  const before = tf.memory().numTensors;
  loadStateDict(model, dict);
  const copy = stateDict(model);
  expect(tf.memory().numTensors).toBe(before);
  dict.get('fc3.bias')?.data.fill(9 as never);
  copy.get('fc3.bias')?.data.fill(8 as never);
  expect(stateDict(model).get('fc3.bias')?.data).toEqual(goldenWeight('fc3.bias', [2]));
});
