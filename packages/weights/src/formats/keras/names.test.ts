/** What Keras's files of many versions call a weight, and what it is called here. */
import { describe, expect, test } from 'vitest';
import type { Dtype, TypedArray } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';
import type { Hdf5File, Hdf5Object } from '../hdf5/hdf5.js';
import { legacyWeights } from './legacy.js';
import { layerVariables } from './variables.js';

function group(attributes: Record<string, string[]>, members: readonly string[] = []): Hdf5Object {
  return {
    attributes: new Map(Object.entries(attributes)),
    members: new Map(members.map((name, i) => [name, i])),
    dataset: null,
  };
}

describe('files of Keras 1 and 2, and .h5 of Keras 3', () => {
  test.each<[what: string, layer: string, paths: string[], keys: string[]]>([
    ['Keras 2', 'conv1', ['conv1/kernel:0', 'conv1/bias:0'], ['conv1.weight', 'conv1.bias']],
    ['Keras 1', 'conv1', ['conv1_W:0', 'conv1_b:0'], ['conv1.weight', 'conv1.bias']],
    ['Keras 1, built twice', 'conv1', ['conv1_W_1:0', 'conv1_b_1:0'], ['conv1.weight', 'conv1.bias']],
    ['Keras 2.0.5', 'conv2d_1', ['conv2d_1_1/kernel:0', 'conv2d_1_1/bias:0'], ['conv2d_1.weight', 'conv2d_1.bias']],
    [
      'Sequential of Keras 3',
      'dense',
      ['sequential/dense/kernel', 'sequential/dense/bias'],
      ['dense.weight', 'dense.bias'],
    ],
    [
      'separable',
      'sep',
      ['sep/depthwise_kernel:0', 'sep/pointwise_kernel:0', 'sep/bias:0'],
      ['sep.weight', 'sep.pointwise_kernel', 'sep.bias'],
    ],
    ['a model within', 'base', ['conv1/kernel:0', 'bn/gamma:0'], ['base.conv1.weight', 'base.bn.weight']],
    [
      'a model within, named like its layers',
      'block',
      ['block_1/kernel:0', 'block_2/kernel:0'],
      ['block.block_1.weight', 'block.block_2.weight'],
    ],
    [
      'scopes before a layer of a model within',
      'base',
      ['model/base/conv1/kernel:0', 'model/base/conv2/kernel:0'],
      ['base.conv1.weight', 'base.conv2.weight'],
    ],
  ])('%s', async (_, layer, paths, keys) => {
    const root = group({ layer_names: [layer] }, [layer]);
    const file = {
      root,
      find: async (_: Hdf5Object, path: string) => group(path === layer ? { weight_names: paths } : {}),
    } as unknown as Hdf5File;
    const found: string[] = [];
    for await (const [key] of legacyWeights(file, root)) found.push(key);
    expect(found).toEqual(keys);
  });
});

describe('numbered variables of Keras 3', () => {
  const tensor = (dtype: Dtype, shape: number[], data: TypedArray): StateTensor => ({ dtype, shape, data });
  const float = (...shape: number[]) => tensor('F32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const roles = (className: string, tensors: StateTensor[], config = {}) =>
    layerVariables(className, tensors, config).map(([role]) => role);

  test('by their roles', () => {
    expect(roles('SeparableConv2D', [float(3, 3, 2, 1), float(1, 1, 2, 4), float(4)])).toEqual([
      'weight',
      'pointwise_kernel',
      'bias',
    ]);
    expect(roles('separable_conv2d_1', [float(3, 3, 2, 1), float(1, 1, 2, 4)])).toEqual(['weight', 'pointwise_kernel']);
    expect(roles('BatchNormalization', [float(2), float(2), float(2)], { scale: false })).toEqual([
      'bias',
      'running_mean',
      'running_var',
    ]);
    expect(roles('Dense', [float(2, 3)])).toEqual(['weight']);
  });

  test('of int8 become the float32 that they stand for, with and without a bias', () => {
    const codes = tensor('I8', [2, 3], Int8Array.of(127, -64, 0, 10, 20, -30));
    const scale = tensor('F32', [3], Float32Array.of(127, 64, 10));
    for (const others of [[scale], [float(3), scale]]) {
      const found = new Map(layerVariables('Dense', [codes, ...others], {}));
      expect([...found.keys()]).toEqual(others.length === 1 ? ['weight'] : ['weight', 'bias']);
      expect(found.get('weight')).toMatchObject({ dtype: 'F32', shape: [2, 3] });
      expect([...(found.get('weight')?.data ?? [])]).toEqual([1, -1, 0, 10 / 127, 20 / 64, -3].map(Math.fround));
    }
  });

  test('of another quantization never pass for weights', () => {
    const codes = tensor('I8', [2, 3], new Int8Array(6));
    expect(roles('Embedding', [codes, float(2)])).toEqual(['quantized_0', 'quantized_1']);
    expect(roles('Dense', [tensor('U8', [1, 3], new Uint8Array(3)), float(3)])).toEqual(['quantized_0', 'quantized_1']);
  });
});
