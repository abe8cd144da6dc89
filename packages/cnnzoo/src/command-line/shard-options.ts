/** The options of a command whose work several processes can share. */
import type { Shard } from '@cnnzoo/checks';
import type { ShardResult } from '../shards/shard-file.js';
import { type Result, shardOption, text } from './command.js';

/** @param out what `--out` is for */
export function shardOptions(out: string) {
  return {
    out: text('folder', out),
    shard: shardOption(
      "which part, counted from 0, such as 0/8; auto: as Slurm's or Kubernetes' variables say. cnnzoo merge joins the parts",
    ),
  };
}

/** Where results go: into a folder, as a shard or whole. Undefined without `--out`. */
interface RunPlace {
  readonly folder: string;
  readonly shard?: Shard;
}

/** @throws TypeError for a shard without a folder, RangeError where the scheduler says none */
export async function runPlace(options: {
  readonly out?: string;
  readonly shard?: Shard | 'auto';
}): Promise<RunPlace | undefined> {
  const { out: folder, shard } = options;
  if (folder === undefined) {
    if (shard === undefined) return undefined;
    throw new TypeError('--shard writes into a folder that all shards share: say which with --out');
  }
  if (shard !== 'auto') return shard === undefined ? { folder } : { folder, shard };
  const { shardFromEnvironment } = await import('../shards/shard-from-environment.js');
  return { folder, shard: shardFromEnvironment() };
}

export function shardResult({ file, shard, finishedBefore }: ShardResult): Result {
  return {
    text: finishedBefore ? `${file} is finished already` : file,
    data: { type: 'result', file, shard, finishedBefore },
  };
}
