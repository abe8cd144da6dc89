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
 * @param given the part's images and labels, which have values
 * @param others the other part's
 * @returns the roots again; null where the recording may depend on the part's numbers, because something was computed on the way
 */
export function repeatRecording(
  roots: readonly LazyNode[],
  sequence: number,
  given: readonly LazyNode[],
  others: readonly LazyNode[],
): LazyNode[] | null {
  const replaced = new Map<Value, Value>();
  given.forEach(({ value }, i) => {
    const other = at(others, i).value;
    if (value !== null && other !== null) replaced.set(value, other);
  });
  const { order, leaves } = trace(roots);
  const known = replaced.size === given.length && roots.every(({ value }) => value === null);
  const computedOnTheWay = leaves.some((leaf) => leaf.sequence >= sequence);
  const failed = [...order, ...leaves].some(({ failure }) => failure !== null);
  if (!known || computedOnTheWay || failed) return null;
  const otherLeaves = leaves.map((leaf) => {
    const other = leaf.value === null ? undefined : replaced.get(leaf.value);
    return other === undefined ? leaf : constant(other, leaf.shape, leaf.dtype);
  });
  const again: LazyNode[] = [];
  const otherOf = ({ index }: LazyNode) => (index < 0 ? at(otherLeaves, -1 - index) : at(again, index));
  for (const node of order) again.push(repeated(node, node.inputs.map(otherOf)));
  return roots.map(otherOf);
}
