import { check, integer, listOf, oneOf, optional, type Rule, record, rule, string } from '@cnnzoo/checks';
import { isSource, type ReadLimits, type Source } from '@cnnzoo/files';
import { checkUnique } from '../datasets/image-folder.js';
import { readLimitsRule } from '../datasets/read-limits-rule.js';

/** Which shards a process, and a worker in it, reads: the numbers of PyTorch, by which Python's webdataset splits. */
export interface ShardSplit {
  /** This process, 0 to worldSize - 1. Default 0. */
  readonly rank?: number;
  /** How many processes share the shards. Default 1. */
  readonly worldSize?: number;
  /** This worker of the process, 0 to numWorkers - 1. Default 0. A `DataLoader`'s workers need no split: they share each batch. */
  readonly worker?: number;
  /** How many workers of the process share its shards. Default 1. */
  readonly numWorkers?: number;
}

/** What all data sets in shards can be told. */
export interface ShardOptions {
  /** The names of all classes in the order of their labels. Default: those that are named beside the images, or all that the labels have. */
  readonly classes?: readonly string[];
  /** Channels of the images: 1 grey, 3 RGB, 4 RGB and alpha. Default 3. */
  readonly channels?: 1 | 3 | 4;
  /** An image with more pixels is refused before it is decoded. Default as of `imageFolder`. */
  readonly maxPixels?: number;
  /** Samples in the buffer from which the next is drawn, where a `DataLoader` shuffles. It holds their image files, but for unpacked tars of this machine. Default 1000. */
  readonly shuffleBuffer?: number;
  /** The share of one of several processes. Default: all shards. */
  readonly split?: ShardSplit;
  /** What reading a shard's entries and the index may take at most. Default: by their size. */
  readonly limits?: ReadLimits;
}

/** As webdataset's `shuffle`. */
export const defaultShuffleBuffer = 1000;

export const shardOptionRules = {
  classes: optional(listOf(string(), 1)),
  channels: optional(oneOf([1, 3, 4])),
  maxPixels: optional(integer(1)),
  shuffleBuffer: optional(integer(1)),
  split: optional(
    record<ShardSplit>({
      rank: optional(integer(0)),
      worldSize: optional(integer(1)),
      worker: optional(integer(0)),
      numWorkers: optional(integer(1)),
    }),
  ),
  limits: optional(readLimitsRule),
} as const;

const sourceRule: Rule<Source> = rule<Source>('a path, file or https URL, bytes, Blob or { size, read }', isSource);

/** One file or several. */
export const shardsRule: Rule<Source | readonly Source[]> = {
  expected: 'a path, an address, a folder, an index, or a list of shards',
  fault: (name, value) => (Array.isArray(value) ? listOf(sourceRule, 1) : sourceRule).fault(name, value),
};

/** @throws RangeError where options do not fit each other */
export function checkShardOptions({ classes, split = {} }: ShardOptions): void {
  if (classes !== undefined) checkUnique(classes);
  const { rank = 0, worldSize = 1, worker = 0, numWorkers = 1 } = split;
  check('split.rank', rank, integer(0, worldSize - 1));
  check('split.worker', worker, integer(0, numWorkers - 1));
}

/** The shards of a process and worker: every n-th, first by process, then of its own by worker, as Python's webdataset does. */
export function shareOf(
  count: number,
  { rank = 0, worldSize = 1, worker = 0, numWorkers = 1 }: ShardSplit = {},
): number[] {
  const ofProcess = Array.from({ length: count }, (_, i) => i).filter((i) => i % worldSize === rank);
  const own = ofProcess.filter((_, i) => i % numWorkers === worker);
  if (own.length === 0 && count > 0)
    throw new RangeError(
      `split gives worker ${worker} of ${numWorkers} in process ${rank} of ${worldSize} none of the ${count} shards`,
    );
  return own;
}
