import type { Dataset, SampleReference } from '../datasets/dataset.js';

/** A part of a data set that is read from its start, such as a tar shard or a row group. */
export interface Shard {
  /** For messages, and to tell shards apart. */
  readonly name: string;
  /** Its samples. */
  readonly count: number;
  /**
   * Its samples in their order, each as the description of where it is or of its bytes; null for a sample that is not `wanted`, which is not read.
   * More or fewer than `count` are an error of whoever asks.
   */
  samples(wanted: (place: number) => boolean, signal?: AbortSignal): AsyncGenerator<SampleReference | null>;
}

/**
 * Labelled images in shards that are read from their start, one shard after the other: `get` is fast in ascending order only. A `DataLoader` with
 * `shuffle: true` shuffles the shards and then, as it reads, their samples in a buffer.
 */
export interface ShardedDataset extends Dataset {
  readonly shards: readonly Shard[];
  /** Samples that the buffer holds, of which the next is drawn. */
  readonly shuffleBuffer: number;
}

export function isShardedDataset(dataset: Dataset): dataset is ShardedDataset {
  return 'shards' in dataset && Array.isArray(dataset.shards) && 'shuffleBuffer' in dataset;
}

const knownStarts = new WeakMap<readonly Shard[], readonly number[]>();

/** Where each shard's samples begin in the data set, and at the end how many there are. */
export function startsOf(shards: readonly Shard[]): readonly number[] {
  const known = knownStarts.get(shards);
  if (known !== undefined) return known;
  const starts = [0];
  for (const { count } of shards) starts.push((starts.at(-1) ?? 0) + count);
  knownStarts.set(shards, starts);
  return starts;
}

/** The shard of sample `index`: the last one that begins at or before it and is not empty. */
export function shardOf(starts: readonly number[], index: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}
