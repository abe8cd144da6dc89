/** Parts of a data set that are computed by themselves, on other machines or later. */
import type { Shard } from '@cnnzoo/checks';
import type { IndexRange } from './networks/class-probabilities.js';

/** The batches of a shard: every n-th one, so that batches are the same with and without shards. */
export function batchesOf(length: number, batch: number, [index, count]: Shard): IndexRange[] {
  const batches: IndexRange[] = [];
  for (let start = index * batch; start < length; start += count * batch)
    batches.push([start, Math.min(start + batch, length)]);
  return batches;
}
