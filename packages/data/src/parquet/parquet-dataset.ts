import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, checkOptions, optional, string } from '@cnnzoo/checks';
import { addressOf, isRecord, type Source } from '@cnnzoo/files';
import { asDataError, sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { sortByCodePoints } from '../datasets/code-point-order.js';
import type { SampleReference } from '../datasets/dataset.js';
import type { Decoding } from '../images/decode-image.js';
import { LabelSet, labelIndex, type RawLabel } from '../shards/label-set.js';
import type { Shard, ShardedDataset } from '../shards/shard.js';
import {
  checkShardOptions,
  defaultShuffleBuffer,
  type ShardOptions,
  shardOptionRules,
  shardsRule,
  shareOf,
} from '../shards/shard-options.js';
import { shardedDataset } from '../shards/sharded-dataset.js';
import { expanded } from '../web-dataset/shard-places.js';
import { openParquet, type ParquetFile } from './parquet-file.js';

/** The options of `parquetDataset`. */
export interface ParquetDatasetOptions extends ShardOptions {
  /** The column of the images. Default: the one that is an `Image` by the file's `huggingface` metadata, or has `bytes` and `path`, or 'image'. */
  readonly image?: string;
  /** The column of the labels. Default: the `ClassLabel` of the metadata, or 'label'. */
  readonly label?: string;
}

/** The columns of an image set, and the names of its classes where the file has them. */
interface Columns {
  readonly image: string;
  readonly label: string;
  readonly names: readonly string[] | undefined;
}

/**
 * A data set of Parquet files as Hugging Face stores image sets: a column of `{ bytes, path }` and one of labels, whose names are in the file's
 * metadata. Row groups are its shards. Of an address the footers are read first, and then the row groups whose turn it is.
 * @param files the path or address of one, with braces that name several (`train-{00000..00003}-of-00004.parquet`), a list of them, or a folder of them
 * @throws DataError naming the file that cannot be read or has no such columns; by `get` and the loader, where an image cannot be decoded;
 *   TypeError or RangeError naming the option that is wrong
 * @example
 * import { DataLoader, parquetDataset } from '@cnnzoo/data';
 * import { trainingTransform } from '@cnnzoo/transforms';
 * const train = await parquetDataset('cifar10/plain_text/train-00000-of-00001.parquet');
 * const loader = new DataLoader(train, { batchSize: 128, shuffle: true, workers: 2, transform: trainingTransform('cifar') });
 */
export async function parquetDataset(
  files: Source | readonly Source[],
  options: ParquetDatasetOptions = {},
): Promise<ShardedDataset> {
  check('files', files, shardsRule);
  const given = checkOptions<ParquetDatasetOptions>('parquetDataset', options, {
    ...shardOptionRules,
    image: optional(string()),
    label: optional(string()),
  });
  checkShardOptions(given);
  const { channels = 3, maxPixels, shuffleBuffer = defaultShuffleBuffer, limits } = given;
  const groups: Group[] = [];
  let names: readonly string[] | undefined;
  const sources = await parquetFiles(files);
  for (const source of sources) {
    const name = sourceName(source);
    try {
      const file = await openParquet(source, limits);
      const columns = columnsOf(file, given);
      names ??= columns.names;
      if (columns.names !== undefined && !sameNames(names, columns.names))
        throw new Error('its classes are others than those of the first file: name all as classes');
      for (const [group, count] of file.groups.entries()) groups.push({ file, name, group, count, columns });
    } catch (cause) {
      throw asDataError(name, cause);
    }
  }
  const classes = given.classes ?? names ?? (await classesOf(groups));
  const own = shareOf(groups.length, given.split);
  const shards = own.flatMap((i) => {
    const group = groups[i];
    return group === undefined ? [] : [groupShard(group, classes, { channels, maxPixels })];
  });
  const dataset = shardedDataset(shards, classes, shuffleBuffer);
  if (dataset.length === 0) throw new DataError(sourceName(sources[0] ?? ''), 'a file without a row');
  return dataset;
}

/** A row group. */
interface Group {
  readonly file: ParquetFile;
  /** Of its file. */
  readonly name: string;
  readonly group: number;
  /** Its rows. */
  readonly count: number;
  readonly columns: Columns;
}

async function parquetFiles(files: Source | readonly Source[]): Promise<readonly Source[]> {
  if (Array.isArray(files)) return files.flatMap((each: Source) => expanded(each));
  const place = files as Source;
  const sources = expanded(place);
  const [only] = sources;
  if (sources.length > 1 || !(typeof only === 'string' || only instanceof URL) || addressOf(only) !== null)
    return sources;
  const path = only instanceof URL || /^file:/i.test(only) ? fileURLToPath(only) : only;
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return sources;
  const found = sortByCodePoints((await readdir(path)).filter((name) => /\.parquet$/i.test(name)));
  if (found.length === 0) throw new DataError(path, 'a folder without a .parquet');
  return found.map((name) => join(path, name));
}

/** @throws Error where the file has no images with labels */
function columnsOf({ columns, metadata }: ParquetFile, given: ParquetDatasetOptions): Columns {
  const features = featuresOf(metadata.get('huggingface'));
  const typed = (type: string) => Object.keys(features).filter((name) => features[name]?.['_type'] === type);
  const images = typed('Image');
  const structs = columns.filter(({ fields }) => fields.includes('bytes')).map(({ name }) => name);
  const labels = typed('ClassLabel');
  const image = chosen(
    'image',
    given.image,
    images.length > 0 ? images : structs.length > 0 ? structs : ['image'],
    columns,
  );
  const label = chosen('label', given.label, labels.length > 0 ? labels : ['label'], columns);
  const names = features[label]?.['names'];
  const isNames = Array.isArray(names) && names.length > 0 && names.every((each) => typeof each === 'string');
  return { image, label, names: isNames ? names : undefined };
}

function chosen(
  option: 'image' | 'label',
  given: string | undefined,
  found: readonly string[],
  columns: ParquetFile['columns'],
): string {
  const names = columns.map(({ name }) => name);
  const [first, second] = given === undefined ? found.filter((name) => names.includes(name)) : [given];
  const all = names.slice(0, 20).join(', ');
  if (first === undefined || !names.includes(first))
    throw new Error(`it has no column ${given === undefined ? `of ${option}s` : `'${given}'`}: it has ${all}`);
  if (second !== undefined)
    throw new Error(`it has several columns of ${option}s, ${first} and ${second}: say which, ${option}: '${first}'`);
  return first;
}

/** What the `datasets` library says of the columns; nothing where it has not written the file. */
function featuresOf(text: string | undefined): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  try {
    const json: unknown = JSON.parse(text ?? '{}');
    const info = isRecord(json) ? json['info'] : undefined;
    const features = isRecord(info) ? info['features'] : undefined;
    return isRecord(features)
      ? Object.fromEntries(
          Object.entries(features).filter((each): each is [string, Record<string, unknown>] => isRecord(each[1])),
        )
      : {};
  } catch {
    return {};
  }
}

function sameNames(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((name, i) => name === b[i]);
}

/** The classes that the labels themselves have: those columns are read, and no image. */
async function classesOf(groups: readonly Group[]): Promise<string[]> {
  const labels = new LabelSet();
  for (const { file, name, group, columns } of groups) {
    try {
      for (const row of await file.readRows(group, [columns.label])) labels.add(rawLabel(row[columns.label]));
    } catch (cause) {
      throw asDataError(name, cause);
    }
  }
  return labels.categories(groups[0]?.name ?? 'files');
}

function rawLabel(value: unknown): RawLabel {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(
    `its label is ${value === null ? 'missing' : String(value).slice(0, 40)}, expected an index or a class`,
  );
}

function groupShard(
  { file, name, group, count, columns }: Group,
  classes: readonly string[],
  decoding: Decoding,
): Shard {
  const labelIn = labelIndex(classes);
  const shard = `${name}, row group ${group}`;
  return {
    name: shard,
    count,
    async *samples(wanted, signal) {
      const rows = await file.readRows(group, [columns.image, columns.label], signal);
      for (const [place, row] of rows.entries()) yield wanted(place) ? reference(row, place) : null;
    },
  };

  function reference(row: Readonly<Record<string, unknown>>, place: number): SampleReference {
    const shown = `${shard}, row ${place}`;
    try {
      const image = row[columns.image];
      const bytes = isRecord(image) && !(image instanceof Uint8Array) ? image['bytes'] : image;
      if (!(bytes instanceof Uint8Array))
        throw new Error(
          isRecord(image) && image['path']
            ? `its image is in another file, '${String(image['path']).slice(0, 200)}', and not in this one`
            : 'it has no image',
        );
      const label = labelIn(rawLabel(row[columns.label]));
      // A copy: what is kept of a row does not keep its row group.
      return { kind: 'file', name: shown, label, path: '', bytes: new Uint8Array(bytes), decoding };
    } catch (cause) {
      return { kind: 'failed', name: shown, label: 0, problem: cause instanceof Error ? cause.message : String(cause) };
    }
  }
}
