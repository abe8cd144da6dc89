/**
 * Records again what was recorded for one part of a batch, for another part's images and labels: tfjs's layers, gradient tape and loss are asked
 * once for all parts, which takes less time than a small graph. It holds for a whole batch, as it does where a batch is one graph: what is drawn
 * for each image, such as the masks of dropout, is not repeated.
 */

import { trace } from '../engine/trace.js';
import { at } from '../graph/at.js';
import { constant, type LazyNode, repeated, type Value } from '../graph/node.js';

/**
 * @param roots what a part has recorded, without values
 * @param sequence of the first operation of the part
 * @param replaced nodes of the part's images and labels, in all shapes, and the values of the other part
 * @returns the roots again; null where the recording may depend on the part's numbers, because something was computed on the way
 */
export function repeatRecording(
  roots: readonly LazyNode[],
  sequence: number,
  replaced: ReadonlyMap<LazyNode, Value>,
): LazyNode[] | null {
  const { order, leaves } = trace(roots);
  const computedOnTheWay =
    leaves.some((leaf) => leaf.sequence >= sequence) || roots.some(({ value }) => value !== null);
  const failed = [...order, ...leaves].some(({ failure }) => failure !== null);
  if (computedOnTheWay || failed) return null;
  const otherLeaves = leaves.map((leaf) => {
    // By the node and not by its value: a compiled graph may have stored that in another layout.
    const other = replaced.get(leaf);
    return other === undefined ? leaf : constant(other, leaf.shape, leaf.dtype);
  });
  const again: LazyNode[] = [];
  const otherOf = ({ index }: LazyNode) => (index < 0 ? at(otherLeaves, -1 - index) : at(again, index));
  for (const node of order) again.push(repeated(node, node.inputs.map(otherOf)));
  return roots.map(otherOf);
}
