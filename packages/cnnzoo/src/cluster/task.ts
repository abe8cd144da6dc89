/** A command whose shards a cluster is to compute. */
import { shown } from '@cnnzoo/checks';

export interface ClusterTask {
  /** Words after `cnnzoo`, without `--shard`. */
  readonly words: readonly string[];
  /** The folder of the run. */
  readonly folder: string;
  readonly shards: number;
  /** Of what it makes. */
  readonly name: string;
  /** How often a shard that fails is tried again. */
  readonly retries: number;
}

const tasks = ['evaluate', 'predict', 'extract'];

/** @throws TypeError or RangeError where the words are no command that has shards */
export function clusterTask(
  words: readonly string[],
  { shards, name, retries }: Omit<ClusterTask, 'words' | 'folder'>,
): ClusterTask {
  const [task = ''] = words;
  if (!tasks.includes(task))
    throw new RangeError(
      `the command must begin with ${tasks.join(', ')}, got ${shown(task)}: it stands after --, such as -- evaluate images --out results`,
    );
  if (words.some((word) => /^--shard(=|$)/.test(word)))
    throw new TypeError('--shard is what the cluster says: leave it out, and give --shards before the --');
  const at = words.findIndex((word) => word === '--out' || word.startsWith('--out='));
  const word = words[at];
  const folder = word === '--out' ? words[at + 1] : word?.slice('--out='.length);
  if (folder === undefined || folder === '')
    throw new TypeError(
      'the command must have --out, the folder that all shards write into: one that every machine has',
    );
  if (!/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name))
    throw new RangeError(
      `--name must be at most 52 small letters, digits and -, with no - at its ends, got ${shown(name)}`,
    );
  return { words, folder, shards, name, retries };
}
