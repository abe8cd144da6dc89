/** Operators of older versions in the form of version 17: what was an attribute once is an input now. Newer ones stay as they are. */
import type { NodeProto, TensorProto } from '@cnnzoo/onnx-format';
import { type Graph, intAttribute, intsAttribute } from '../graph/graph.js';
import { float32Tensor, int64Tensor } from '../graph/tensors.js';

/** Networks of 2018 and later: before, broadcasting was another. */
const oldest = 7;
const newest = 25;

type Upgrade = (node: NodeProto, constant: (suffix: string, tensor: (name: string) => TensorProto) => string) => void;

/** Attributes that became inputs, and the version in which they did. */
const upgrades: Readonly<Record<string, readonly [version: number, upgrade: Upgrade]>> = {
  Clip: [
    11,
    (node, constant) => {
      const bound = (name: 'min' | 'max') => node.attribute.find((each) => each.name === name)?.f;
      const input = (name: 'min' | 'max') => {
        const value = bound(name);
        return value === undefined ? '' : constant(name, (full) => float32Tensor(full, [], Float32Array.of(value)));
      };
      node.input = [node.input[0] ?? '', input('min'), input('max')];
      node.attribute = [];
    },
  ],
  Pad: [
    11,
    (node, constant) => {
      const pads = intsAttribute(node, 'pads') ?? [];
      const value = node.attribute.find(({ name }) => name === 'value')?.f ?? 0;
      node.input = [
        node.input[0] ?? '',
        constant('pads', (name) => int64Tensor(name, pads)),
        constant('value', (name) => float32Tensor(name, [], Float32Array.of(value))),
      ];
      node.attribute = node.attribute.filter(({ name }) => name === 'mode');
    },
  ],
  Squeeze: [13, axesBecomeInput],
  Unsqueeze: [13, axesBecomeInput],
  Slice: [
    10,
    (node, constant) => {
      const part = (name: string) => {
        const values = intsAttribute(node, name);
        return values === undefined ? [] : [constant(name, (full) => int64Tensor(full, values))];
      };
      node.input = [node.input[0] ?? '', ...part('starts'), ...part('ends'), ...part('axes')];
      node.attribute = [];
    },
  ],
};

function axesBecomeInput(...[node, constant]: Parameters<Upgrade>): void {
  const axes = intsAttribute(node, 'axes');
  node.attribute = node.attribute.filter(({ name }) => name !== 'axes');
  if (axes !== undefined) node.input = [node.input[0] ?? '', constant('axes', (name) => int64Tensor(name, axes))];
}

/** @throws RangeError naming the version, or the node that has no form in this one */
export function upgradeOperators(graph: Graph, version: number): void {
  if (version < oldest || version > newest)
    throw new RangeError(`the model has ONNX operators of version ${version}, expected ${oldest} to ${newest}`);
  for (const node of graph.nodes) {
    const [since, upgrade] = upgrades[node.opType] ?? [0];
    if (upgrade !== undefined && version < since)
      upgrade(node, (suffix, tensor) => {
        const name = `${node.output[0]}_${suffix}`;
        graph.constants.set(name, tensor(name));
        return name;
      });
    if (node.opType === 'BatchNormalization')
      node.attribute = node.attribute.filter(({ name }) => name === 'epsilon' || name === 'momentum');
    // Until version 13, Softmax made a matrix of its input; the two agree on matrices, where its axis was 1.
    if (
      (node.opType === 'Softmax' || node.opType === 'LogSoftmax') &&
      version < 13 &&
      intAttribute(node, 'axis', 1) !== 1
    )
      throw new RangeError(
        `node ${node.name}: ${node.opType} of version ${version} over other axes than classes: export the model with opset 13 or later`,
      );
  }
}
