import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { addressOf, isRecord, openSource, parseJson, type ReadLimits, readBudget, type Source } from '@cnnzoo/files';
import { asDataError, sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { indexName, pathOf, placeBeside } from './shard-places.js';

/** What an index says of a data set's shards: the format of Python's wids, with classes. */
export interface ShardIndex {
  readonly shards: readonly { readonly place: string | URL; readonly count: number }[];
  /** The names of the classes in the order of their labels. */
  readonly classes: readonly string[] | undefined;
}

/** What an index of shards says it is. */
export const indexKind = 'wids-shard-index-v1';

/** Reads the index of a data set's shards. @throws DataError where it cannot be read or is none */
export async function readShardIndex(place: string | URL, limits: ReadLimits | undefined): Promise<ShardIndex> {
  const name = sourceName(place);
  try {
    const { size, read } = await openSource(place, limits);
    const json = parseJson(await read(0, size), 'the index', readBudget(name, size, limits));
    if (!isRecord(json) || json['__kind__'] !== indexKind || !Array.isArray(json['shardlist']))
      throw new Error(`no index of shards: it has no "__kind__": "${indexKind}" with a "shardlist"`);
    const shards = json['shardlist'].map((shard: unknown, i) => {
      const { url, nsamples } = isRecord(shard) ? shard : {};
      if (typeof url !== 'string' || url === '' || !Number.isSafeInteger(nsamples) || Number(nsamples) < 0)
        throw new Error(`shard ${i} must have a "url" and "nsamples", got ${JSON.stringify(shard)?.slice(0, 100)}`);
      const found = placeBeside(place, url);
      // What a server says must not name files of this machine.
      if (addressOf(place) !== null && addressOf(found) === null)
        throw new Error(`shard ${i} is '${url.slice(0, 100)}', which is no address`);
      return { place: found, count: Number(nsamples) };
    });
    const { classes } = json;
    if (classes !== undefined && !(Array.isArray(classes) && classes.every((each) => typeof each === 'string')))
      throw new Error('its "classes" must be a list of names');
    return { shards, classes };
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw asDataError(name, cause);
  }
}

/**
 * What the index beside shards says of them, where it lies in their folder of this machine and has all of them.
 * @param sources the shards in their order
 */
export async function indexBeside(
  sources: readonly Source[],
  limits: ReadLimits | undefined,
): Promise<ShardIndex | undefined> {
  const paths = sources.map((source) =>
    (typeof source === 'string' || source instanceof URL) && addressOf(source) === null ? resolve(pathOf(source)) : '',
  );
  const folder = dirname(paths[0] ?? '');
  const place = join(folder, indexName);
  if (paths.some((path) => path === '' || dirname(path) !== folder) || !existsSync(place)) return undefined;
  // Another program's file of that name says nothing of them.
  const index = await readShardIndex(place, limits).catch(() => undefined);
  if (index === undefined) return undefined;
  const { shards, classes } = index;
  const counts = new Map(shards.map((shard) => [resolve(pathOf(shard.place)), shard.count]));
  const known = paths.map((path) => ({ place: path, count: counts.get(path) ?? -1 }));
  return known.some(({ count }) => count < 0) ? undefined : { shards: known, classes };
}
