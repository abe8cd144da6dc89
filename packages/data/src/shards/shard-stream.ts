import { type RandomGenerator, randomGenerator } from '@cnnzoo/transforms';
import { asDataError } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import type { SampleReference } from '../datasets/dataset.js';
import type { Shard, ShardedDataset } from './shard.js';
import { ShuffleBuffer } from './shuffle-buffer.js';

/** How the samples of an epoch are read. */
export interface ShardStreamOptions {
  /** Draws the order of the shards, and of the samples in the buffer. Without it both stay as they are. */
  readonly random?: RandomGenerator;
  /** Samples of the epoch that were given before. */
  readonly from: number;
  readonly signal: AbortSignal;
}

/**
 * The samples of an epoch in its order. Where it starts in the middle, only those shards are read that have samples which are still to come.
 * A shard that cannot be read gives failed samples in the places of those that are missing.
 * @throws DataError where a shard has more or fewer samples than its count; the signal's reason where it aborts
 */
export async function* shardStream(
  { shards, shuffleBuffer }: Pick<ShardedDataset, 'shards' | 'shuffleBuffer'>,
  { random, from, signal }: ShardStreamOptions,
): AsyncGenerator<SampleReference, void, undefined> {
  const order = random === undefined ? shards : Array.from(random.permutation(shards.length), (i) => shards[i]);
  const ordered = order.filter((shard) => shard !== undefined);
  const length = ordered.reduce((sum, { count }) => sum + count, 0);
  const buffer = new ShuffleBuffer(length, random === undefined ? 1 : shuffleBuffer, random ?? randomGenerator(0));
  for (let i = 0; i < from; i++) buffer.next();
  const { entered } = buffer;
  const held = new Set(buffer.held);
  const entries = readEntries(ordered, (entry) => entry >= entered || held.has(entry), signal);
  const read = new Map<number, SampleReference>();
  try {
    for (let next = buffer.next(); next !== undefined; next = buffer.next()) {
      let reference = read.get(next);
      while (reference === undefined) {
        const { value, done } = await entries.next();
        if (done) throw new Error('the shards ended before the epoch');
        if (value.entry === next) reference = value.reference;
        else read.set(value.entry, value.reference);
      }
      read.delete(next);
      yield reference;
    }
    // Only its end shows whether the last shard has more samples than it should.
    await entries.next();
  } finally {
    await entries.return();
  }
}

interface Entry {
  /** The place of the sample in all shards, one after the other. */
  readonly entry: number;
  readonly reference: SampleReference;
}

/** The wanted samples of all shards, one shard after the other. */
async function* readEntries(
  shards: readonly Shard[],
  isWanted: (entry: number) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Entry, void, undefined> {
  let start = 0;
  for (const shard of shards) {
    const first = start;
    start += shard.count;
    let last = shard.count - 1;
    while (last >= 0 && !isWanted(first + last)) last--;
    if (last >= 0) yield* readShard(shard, first, last, isWanted, signal);
  }
}

/** The wanted samples of a shard, up to the last of them. */
async function* readShard(
  { name, count, samples }: Shard,
  first: number,
  last: number,
  isWanted: (entry: number) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Entry, void, undefined> {
  let place = 0;
  try {
    for await (const reference of samples((each) => isWanted(first + each), signal)) {
      if (place >= count) throw new WrongCount(name, `it has more samples than the ${count} it should have`);
      if (reference !== null) yield { entry: first + place, reference };
      place++;
      // Whether there are more shows at the end only.
      if (place > last && last < count - 1) return;
    }
    if (place < count) throw new WrongCount(name, `it has ${place} samples, not the ${count} it should have`);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WrongCount) throw cause;
    const { file, message } = asDataError(name, cause);
    const problem = message.slice(file.length + 2);
    for (; place <= last; place++)
      if (isWanted(first + place))
        yield { entry: first + place, reference: { kind: 'failed', name: file, label: 0, problem } };
  }
}

/** An index that does not fit its shards is no damage of a sample, which a run may leave out. */
class WrongCount extends DataError {
  constructor(shard: string, problem: string) {
    super(shard, `${problem}: write its index again`);
  }
}
