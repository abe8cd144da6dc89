/** Constants of a recording that are other numbers each time, such as the masks of a layer's own dropout: no graph has them. */
import { trace } from '../engine/trace.js';
import { isSameLeaf } from '../prediction/dynamic-batch.js';
import { type RecordedComputation, rootsOf } from './record-computation.js';

/**
 * @param again the same, recorded once more
 * @throws Error naming layer and operation that read numbers which were drawn anew
 */
export function refuseRandomConstants(recorded: RecordedComputation, again: RecordedComputation): void {
  const [first, second] = [recorded, again].map((each) => trace(rootsOf(each)));
  if (first === undefined || second === undefined) return;
  const { order, leaves } = first;
  const changed = leaves.find((leaf, i) => !isSameLeaf(leaf, second.leaves[i]));
  if (changed === undefined) return;
  const reader = order.find(({ inputs }) => inputs.includes(changed));
  const layer = reader === undefined ? undefined : recorded.layerOf.get(reader);
  throw new Error(
    `${reader?.name ?? 'an operation'} of layer '${layer}' reads numbers that are other ones in each step: a graph cannot draw them. For dropout take dropout of @cnnzoo/blocks`,
  );
}
