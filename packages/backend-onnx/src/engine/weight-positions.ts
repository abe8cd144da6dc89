/** Which values of a graph are weights, by what reads them. */
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import type { Trace } from './trace.js';

/** The first of an operation's inputs that is a weight; all after it are, too. */
const firstWeight: Readonly<Record<string, number>> = {
  Conv2D: 1,
  FusedConv2D: 1,
  DepthwiseConv2dNative: 1,
  FusedDepthwiseConv2D: 1,
  BatchMatMul: 1,
  _FusedMatMul: 1,
  MatMul: 1,
  FusedBatchNorm: 1,
  Prelu: 1,
};

/** Operations one of whose operands may be a bias, a scale or a constant: so many times smaller than the result. */
const small = 16;

function isWeightOf(node: LazyNode, position: number, leaf: LazyNode): boolean {
  const first = firstWeight[node.name];
  if (first !== undefined) return position >= first;
  // A reshape or the like of a weight alone.
  if (node.inputs.length === 1) return false;
  return node.elementwise && small * sizeOf(leaf.shape) <= sizeOf(node.shape);
}

/**
 * The leaves that are filters, matrices, biases or scales wherever they are read. Such a value that is the same in each run is a weight,
 * whoever holds it: models of tfjs-converter have no variables.
 */
export function weightPositions({ order, leaves }: Trace): Set<number> {
  const weights = new Set<number>();
  const others = new Set<number>();
  for (const node of order)
    node.inputs.forEach((input, position) => {
      if (input.value === null) return;
      const index = -1 - input.index;
      if (leaves[index] === input) (isWeightOf(node, position, input) ? weights : others).add(index);
    });
  for (const index of others) weights.delete(index);
  return weights;
}
