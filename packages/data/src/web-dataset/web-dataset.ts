import { check, checkOptions, optional, string } from '@cnnzoo/checks';
import type { Source } from '@cnnzoo/files';
import { asDataError, sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { LabelSet } from '../shards/label-set.js';
import type { ShardedDataset } from '../shards/shard.js';
import {
  checkShardOptions,
  defaultShuffleBuffer,
  type ShardOptions,
  shardOptionRules,
  shardsRule,
  shareOf,
} from '../shards/shard-options.js';
import { shardedDataset } from '../shards/sharded-dataset.js';
import { labelPlaces, rawLabel } from './labels.js';
import { indexBeside, readShardIndex } from './shard-index.js';
import { shardPlaces } from './shard-places.js';
import { type SampleRules, tarLabels, tarShard } from './tar-shard.js';

/** The options of `webDataset`. */
export interface WebDatasetOptions extends ShardOptions {
  /** Ending of the image, such as 'jpg', or several separated by semicolons, of which the first that is there counts. Default: the one file that ends as an image. */
  readonly image?: string;
  /** Ending of the file that is the label, such as 'cls', or of JSON and its field, such as 'json:label'. Default 'cls', and 'json:label' where there is none. */
  readonly label?: string;
}

/**
 * A data set of tar shards in the format of Python's webdataset, read from their start: files that have the path up to the first dot of their base
 * name in common are a sample. Shards may be packed by gzip. Counts and classes come from the index, also from an index.json beside the shards; without
 * one, all shards are read once for them.
 * @param shards the path or address of one, with braces that name several (`data-{000..099}.tar`), a list of them, a folder of them, or the
 *   index.json beside them
 * @throws DataError naming the shard or index that cannot be read; by `get` and the loader, where a sample has no image or label, or its
 *   image cannot be decoded; TypeError or RangeError naming the option that is wrong
 * @example
 * import { DataLoader, webDataset } from '@cnnzoo/data';
 * import { trainingTransform } from '@cnnzoo/transforms';
 * const train = await webDataset('https://example.org/train-{000..099}.tar', { classes: ['cat', 'dog'] });
 * const loader = new DataLoader(train, { batchSize: 128, shuffle: true, seed: 1, workers: 2, transform: trainingTransform('cifar') });
 */
export async function webDataset(
  shards: Source | readonly Source[],
  options: WebDatasetOptions = {},
): Promise<ShardedDataset> {
  check('shards', shards, shardsRule);
  const given = checkOptions<WebDatasetOptions>('webDataset', options, {
    ...shardOptionRules,
    image: optional(string()),
    label: optional(string()),
  });
  checkShardOptions(given);
  const { image, label, channels = 3, maxPixels, shuffleBuffer = defaultShuffleBuffer, limits } = given;
  const rules: SampleRules = {
    image: image?.toLowerCase().split(';'),
    label: labelPlaces(label),
    decoding: { channels, maxPixels },
    limits,
  };
  const places = await shardPlaces(shards);
  const index =
    'index' in places ? await readShardIndex(places.index, limits) : await indexBeside(places.sources, limits);
  const sources = 'index' in places ? (index?.shards ?? []).map(({ place }) => place) : places.sources;
  const classes = given.classes ?? index?.classes;
  const own = shareOf(sources.length, given.split);
  const known = index?.shards.map(({ count }) => count);
  if (classes !== undefined) {
    const counts = known ?? (await contentsOf(sources, own, rules, false)).counts;
    return dataset(classes, counts);
  }
  // All processes must have the same classes: those of all shards.
  const all = sources.map((_, i) => i);
  const { counts, categories } = await contentsOf(sources, all, rules, true);
  return dataset(categories, known ?? counts);

  function dataset(categories: readonly string[], counts: readonly number[]): ShardedDataset {
    const chosen = own.map((i) => tarShard(sources[i] ?? '', counts[i] ?? 0, categories, rules));
    const result = shardedDataset(chosen, categories, shuffleBuffer);
    if (result.length > 0) return result;
    throw new DataError(nameOf(sources), sources.length === 0 ? 'an index without shards' : 'shards without a sample');
  }
}

/** The first shard, for messages about all of them. */
function nameOf([first]: readonly Source[]): string {
  return first === undefined ? 'shards' : sourceName(first);
}

/** Reads shards once: how many samples each of them has, and which classes. */
async function contentsOf(
  sources: readonly Source[],
  chosen: readonly number[],
  rules: SampleRules,
  withClasses: boolean,
): Promise<{ readonly counts: number[]; readonly categories: string[] }> {
  const counts: number[] = [];
  const labels = new LabelSet();
  /** Why a sample has no label. It fails where it is used, and may be left out there. */
  let problem: string | undefined;
  for (const i of chosen) {
    const source = sources[i] ?? '';
    let count = 0;
    try {
      for await (const sample of tarLabels(source, rules)) {
        count++;
        if (!withClasses) continue;
        const label = labelOf(sample, rules);
        if (label instanceof Error) problem ??= `'${sample.key}': ${label.message}`;
        else labels.add(label);
      }
    } catch (cause) {
      throw asDataError(sourceName(source), cause);
    }
    counts[i] = count;
  }
  return { counts, categories: withClasses ? labels.categories(nameOf(sources), problem) : [] };
}

function labelOf(sample: Parameters<typeof rawLabel>[0], { label }: SampleRules) {
  try {
    return rawLabel(sample, label);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
