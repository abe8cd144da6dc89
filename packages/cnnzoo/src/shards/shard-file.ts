/** The file of a shard: written as a whole or not at all, and known by what it says of itself. */
import type { Shard } from '@cnnzoo/evaluate';
import { nodeModule, writeAtomically } from '@cnnzoo/files';
import { claimRunFolder, type Run, runDifference, shardName } from './run.js';

/** How a task's results are kept. */
export interface ShardFormat<Content> {
  readonly extension: string;
  /** The name of the file that all shards become. */
  readonly merged: string;
  encode(content: Content, shard: Shard, run: Run): string | Uint8Array;
  /** @throws Error where the bytes are no shard */
  decode(bytes: Uint8Array): Promise<ShardContent<Content>>;
  /** All shards in their order as one. */
  merge(contents: readonly Content[], run: Run): string | Uint8Array;
}

export interface ShardContent<Content> {
  readonly content: Content;
  readonly shard: Shard;
  readonly run: Run;
}

/** What became of a shard. */
export interface ShardResult {
  /** The shard's file. */
  readonly file: string;
  readonly shard: Shard;
  /** Whether the file was there already, so that nothing was computed. */
  readonly finishedBefore: boolean;
}

export function shardFile(folder: string, [index, count]: Shard, extension: string): string {
  return nodeModule('node:path').join(folder, `shard-${index}-of-${count}.${extension}`);
}

/**
 * Computes a shard and writes its file, unless that is there. What is cut before its end leaves nothing but a file that ends in .part.
 * @throws RangeError where the folder or file is of another run
 */
export async function runShard<Content>(
  folder: string,
  shard: Shard,
  run: Run,
  format: ShardFormat<Content>,
  compute: () => Promise<Content>,
): Promise<ShardResult> {
  await claimRunFolder(folder, run);
  const file = shardFile(folder, shard, format.extension);
  if ((await readShard(file, shard, run, format)) !== null) return { file, shard, finishedBefore: true };
  const content = await compute();
  await writeAtomically(file, format.encode(content, shard, run));
  return { file, shard, finishedBefore: false };
}

/**
 * A shard's content, or null where it is missing.
 * @throws RangeError naming the file that is of another run or holds another shard; TypeError naming the one that is damaged
 */
export async function readShard<Content>(
  file: string,
  shard: Shard,
  run: Run,
  format: ShardFormat<Content>,
): Promise<Content | null> {
  const bytes = await nodeModule('node:fs/promises')
    .readFile(file)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  if (bytes === null) return null;
  let found: ShardContent<Content>;
  try {
    found = await format.decode(bytes);
  } catch (cause) {
    throw new TypeError(
      `${file} is no shard of cnnzoo ${run.task}: ${cause instanceof Error ? cause.message : String(cause)}. Remove it, and run shard ${shardName(shard)} again`,
      { cause },
    );
  }
  const difference = runDifference(found.run, run);
  if (difference !== null) throw new RangeError(`${file} is of another run: ${difference}`);
  if (shardName(found.shard) !== shardName(shard))
    throw new RangeError(
      `${file} holds shard ${shardName(found.shard)}, so that one is there twice, and ${shardName(shard)} is missing`,
    );
  return found.content;
}
