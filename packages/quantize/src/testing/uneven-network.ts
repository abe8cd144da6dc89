/** The network of src/fixtures/equalization.py: output channels of very different size. */
import { attributeProto, dataTypes, encodeModelProto } from '@cnnzoo/onnx-format';
import { uniform } from '@cnnzoo/testing';
import { node } from '../graph/graph.js';
import { float32Tensor, sizeOf } from '../graph/tensors.js';

const shapes: Readonly<Record<string, readonly number[]>> = {
  first: [4, 3, 3, 3],
  depthwise: [4, 1, 3, 3],
  second: [5, 4, 1, 1],
  scores: [3, 5],
};

const image = (name: string, dims: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: dataTypes.float32, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

/** Takes [6, 3, 8, 8], gives [6, 3]. @param between Relu, or an operator that takes its place between the layers */
export function unevenNetwork(between = ['Relu', 'Relu', 'Relu']): Uint8Array {
  const pads = attributeProto('pads', [1, 1, 1, 1]);
  const [a = '', b = '', c = ''] = between;
  const bounds = (opType: string) => (opType === 'Clip' ? ['zero', 'six'] : []);
  return encodeModelProto({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: 'uneven',
      node: [
        node('Conv', 'first', ['images', 'first/weight', 'first/bias'], ['x1'], [pads]),
        node(a, 'act1', ['x1', ...bounds(a)], ['y1']),
        node(
          'Conv',
          'depthwise',
          ['y1', 'depthwise/weight', 'depthwise/bias'],
          ['x2'],
          [pads, attributeProto('group', 4)],
        ),
        node(b, 'act2', ['x2', ...bounds(b)], ['y2']),
        node('Conv', 'second', ['y2', 'second/weight', 'second/bias'], ['x3']),
        node(c, 'act3', ['x3', ...bounds(c)], ['y3']),
        node('GlobalAveragePool', 'pool', ['y3'], ['pooled']),
        node('Flatten', 'flatten', ['pooled'], ['flat']),
        node('Gemm', 'scores', ['flat', 'scores/weight', 'scores/bias'], ['answers'], [attributeProto('transB', 1)]),
      ],
      initializer: [
        ...Object.entries(shapes).flatMap(([name, dims]) => {
          const inner = sizeOf(dims.slice(1));
          const weight = uniform(`${name}/weight`, sizeOf(dims)).map(
            (value, i) => value * 4 ** ((Math.floor(i / inner) % 4) - 2),
          );
          const bias = uniform(`${name}/bias`, dims[0] ?? 0).map((value) => 0.1 * value);
          return [float32Tensor(`${name}/weight`, dims, weight), float32Tensor(`${name}/bias`, [bias.length], bias)];
        }),
        float32Tensor('zero', [], Float32Array.of(0)),
        float32Tensor('six', [], Float32Array.of(6)),
      ],
      input: [image('images', [6, 3, 8, 8])],
      output: [image('answers', [6, 3])],
    },
  });
}

/** Six of them, channels last as `quantize` takes them: the same numbers as there. */
export function unevenImages(): Float32Array {
  const first = uniform('uneven images', 6 * 3 * 8 * 8).map((value) => value + 0.5);
  return first.map((_, i) => {
    const [channel, place] = [i % 3, Math.floor(i / 3)];
    return first[(Math.floor(place / 64) * 3 + channel) * 64 + (place % 64)] ?? 0;
  });
}
