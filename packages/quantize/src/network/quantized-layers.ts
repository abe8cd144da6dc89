/** What of a network computes with integers, by names that `exclude` takes. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import type { Graph } from '../graph/graph.js';
import { isIn } from '../graph/node-names.js';
import { sizeOf } from '../graph/tensors.js';
import type { Plan } from '../qdq/plan.js';

export interface QuantizedLayer {
  readonly name: string;
  /** Of ONNX. */
  readonly operator: string;
  /** Numbers of its weights. */
  readonly weights: number;
}

/** ReLUs belong to the layer before them, and these only move or choose numbers. */
const followOthers = new Set([
  ...['Relu', 'Clip', 'Pad', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'MaxPool', 'Slice'],
]);

export function quantizedLayers({ constants }: Graph, { nodes, weights }: Plan): QuantizedLayer[] {
  const layers = nodes.filter(({ opType }) => !followOthers.has(opType));
  return layers.map((node) => {
    const [, weight = ''] = node.input;
    const count = weights.get(weight)?.isWeight === true ? sizeOf(constants.get(weight)?.dims ?? []) : 0;
    return { name: shortName(node, layers), operator: node.opType, weights: count };
  });
}

/** What stands before a slash, as far as no other layer has it: conv1 of conv1/Conv2D/convolution. */
function shortName(node: NodeProto, layers: readonly NodeProto[]): string {
  const parts = node.name.split('/');
  const beginnings = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  const own = beginnings.find((name) => name !== '' && layers.every((each) => each === node || !isIn(each, name)));
  return own ?? node.name;
}
