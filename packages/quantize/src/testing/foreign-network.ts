/** A network as others export it: channels first, operators of version 9, batch normalization that is not folded, and what training left behind. */
import { attributeProto, dataTypes, encodeModelProto, type TensorProto } from '@cnnzoo/onnx-format';
import { uniform } from '@cnnzoo/testing';
import { node } from '../graph/graph.js';
import { float32Tensor, sizeOf } from '../graph/tensors.js';

const tensor = (name: string, dims: readonly number[], scale = 1, offset = 0): TensorProto =>
  float32Tensor(
    name,
    dims,
    uniform(name, sizeOf(dims)).map((value) => offset + scale * value),
  );

const image = (name: string, dims: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: dataTypes.float32, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

/** Takes [2, 3, 12, 12], gives [2, 4]. */
export function foreignNetwork(): Uint8Array {
  const nodes = [
    node('Pad', 'pad', ['images'], ['padded'], [attributeProto('pads', [0, 0, 1, 1, 0, 0, 1, 1])]),
    node('Conv', 'conv1', ['padded', 'w1'], ['c1'], []),
    node('BatchNormalization', 'bn1', ['c1', 'gamma', 'beta', 'mean', 'variance'], ['n1']),
    node('Relu', 'relu1', ['n1'], ['r1']),
    node('Conv', 'conv2', ['r1', 'w2', 'b2'], ['c2'], [attributeProto('pads', [1, 1, 1, 1])]),
    node('Identity', 'same', ['c2'], ['c2_same']),
    node('Add', 'sum', ['r1', 'c2_same'], ['s']),
    node(
      'Clip',
      'relu6',
      ['s'],
      ['clipped'],
      [attributeProto('min', { float: 0 }), attributeProto('max', { float: 6 })],
    ),
    node(
      'ReduceMean',
      'pool',
      ['clipped'],
      ['pooled'],
      [attributeProto('axes', [2, 3]), attributeProto('keepdims', 0)],
    ),
    node('Dropout', 'dropout', ['pooled'], ['dropped'], [attributeProto('ratio', { float: 0.5 })]),
    node('Gemm', 'fc', ['dropped', 'w3'], ['product'], [attributeProto('transB', 1)]),
    node('Add', 'fc_bias', ['product', 'b3'], ['scores']),
  ];
  return encodeModelProto({
    irVersion: 4,
    opsetImport: [{ version: 9 }],
    graph: {
      name: 'foreign',
      node: nodes.map((each) => (each.opType === 'Gemm' ? { ...each, input: [...each.input, 'zero'] } : each)),
      initializer: [
        tensor('w1', [8, 3, 3, 3], 0.4),
        tensor('gamma', [8], 0.3, 1),
        tensor('beta', [8], 0.3),
        tensor('mean', [8], 0.2),
        tensor('variance', [8], 0.4, 1),
        tensor('w2', [8, 8, 3, 3], 0.2),
        tensor('b2', [8], 0.2),
        tensor('w3', [4, 8], 0.5),
        tensor('zero', [4], 0),
        tensor('b3', [4], 0.5),
      ],
      input: [image('images', [2, 3, 12, 12])],
      output: [image('scores', [2, 4])],
    },
  });
}
