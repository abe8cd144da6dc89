/** (x a) b with small a and b. */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import { commonLayout } from '../kernels/elementwise.js';

/**
 * A factor is small where the product has this many times its elements: one number a channel is, whatever the image's size, from 4x4
 * pixels on. Multiplying two small factors is then at most a sixteenth of the pass over the product that it saves.
 */
const timesSmaller = 16;

function isSmall(factor: LazyNode, product: LazyNode): boolean {
  return timesSmaller * sizeOf(factor.shape) <= sizeOf(product.shape);
}

/** Where nothing else reads x a it becomes x (a b): one pass over x less. */
export function emitScaledTwice(graph: Emission, node: LazyNode): boolean {
  const position = node.inputs.findIndex(
    (input) => input.name === 'Multiply' && input.value === null && graph.usesOf(input) === 1,
  );
  const [inner, outerNode] = [node.inputs[position], node.inputs[1 - position]];
  if (inner === undefined || outerNode === undefined || inner.shape.join() !== node.shape.join()) return false;
  const repeats = outerNode.name === 'Tile' && isSmall(outerNode.inputs[0] ?? outerNode, node);
  if (!isSmall(outerNode, node) && !repeats) return false;
  const small = inner.inputs.findIndex((factor) => isSmall(factor, node));
  const layout = commonLayout(graph, node);
  const outer = graph.operands(node, layout)[1 - position];
  const factors = graph.operands(inner, layout);
  const [factor, x] = [factors[small], factors[1 - small]];
  if (outer === undefined || factor === undefined || x === undefined) return false;
  graph.set(node, layout, graph.op('Mul', [x, graph.op('Mul', [factor, outer])]));
  return true;
}
