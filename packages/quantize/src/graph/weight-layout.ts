/** Which weights stand between which channels, of convolutions and products. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import { type Graph, intAttribute } from '../graph/graph.js';
import { sizeOf } from '../graph/tensors.js';

export interface WeightLayout {
  readonly outputs: number;
  readonly inputs: number;
  /** Channel of a weight, by its index. */
  readonly outputOf: (index: number) => number;
  readonly inputOf: (index: number) => number;
}

/**
 * @param channels of what is read: a product reads flattened maps one after the other. Null where each of its inputs is a channel
 * @returns null where the weights are not known, or the node is neither
 */
export function weightLayout({ constants }: Graph, node: NodeProto, channels: number | null): WeightLayout | null {
  const dims = constants.get(node.input[1] ?? '')?.dims;
  if (dims === undefined) return null;
  const [first = 1, second = 1, ...kernel] = dims;
  if (node.opType === 'Conv') {
    const groups = intAttribute(node, 'group', 1);
    const [taps, outputsOfGroup] = [sizeOf(kernel), first / groups];
    const outputOf = (index: number) => Math.floor(index / (second * taps));
    return {
      outputs: first,
      inputs: second * groups,
      outputOf,
      inputOf: (index) => Math.floor(outputOf(index) / outputsOfGroup) * second + (Math.floor(index / taps) % second),
    };
  }
  if (node.opType !== 'Gemm' || dims.length !== 2 || intAttribute(node, 'transA', 0) !== 0) return null;
  const isTransposed = intAttribute(node, 'transB', 0) === 1;
  const [units, values] = isTransposed ? [first, second] : [second, first];
  const inputs = channels ?? values;
  const valuesOfChannel = values / inputs;
  if (!Number.isInteger(valuesOfChannel)) return null;
  return {
    outputs: units,
    inputs,
    outputOf: (index) => (isTransposed ? Math.floor(index / values) : index % units),
    inputOf: (index) => Math.floor((isTransposed ? index % values : Math.floor(index / units)) / valuesOfChannel),
  };
}
