/**
 * Records again what was recorded for one part of a batch, for another part's images and labels: tfjs's layers, gradient tape and loss are asked
 * once for all parts, which takes less time than a small graph. It holds for a whole batch, as it does where a batch is one graph: what is drawn
 * for each image, such as the masks of dropout, is not repeated.
 */

import { trace } from '../engine/trace.js';
import { at } from '../graph/at.js';
import { constant, type LazyNode, recordedSoFar, repeated, type Value } from '../graph/node.js';

/** What had happened when the recording of a part began. */
export interface RecordingStart {
  readonly sequence: number;
  /** How often a tensor had been read, or one of more than one number had been given values. */
  readonly contacts: number;
}

export function recordingStart(contacts: number): RecordingStart {
  return { sequence: recordedSoFar(), contacts };
}

/**
 * @param roots what a part has recorded since `start`
 * @param contacts how often that has happened until now
 * @param replaced values of the part's images and labels, and those of the other part
 * @returns the roots again; null where the recording may depend on the part's numbers: something was read or computed on the way, or drawn for each image
 */
export function repeatRecording(
  roots: readonly LazyNode[],
  start: RecordingStart,
  contacts: number,
  replaced: ReadonlyMap<Value, Value>,
): LazyNode[] | null {
  const { order, leaves } = trace(roots);
  const computedOnTheWay = leaves.some(({ sequence }) => sequence >= start.sequence);
  const failed = [...order, ...leaves].some(({ failure }) => failure !== null);
  if (contacts !== start.contacts || computedOnTheWay || failed) return null;
  const otherLeaves = leaves.map((leaf) => {
    const other = leaf.value === null ? undefined : replaced.get(leaf.value);
    return other === undefined ? leaf : constant(other, leaf.shape, leaf.dtype);
  });
  const others: LazyNode[] = [];
  for (const node of order)
    others.push(
      repeated(
        node,
        node.inputs.map(({ index }) => (index < 0 ? at(otherLeaves, -1 - index) : at(others, index))),
      ),
    );
  return roots.map(({ index }) => (index < 0 ? at(otherLeaves, -1 - index) : at(others, index)));
}
