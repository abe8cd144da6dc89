import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boolean, callable, check, checkOptions, integer, optional, type Rule, rule } from '@cnnzoo/checks';
import { writeAtomically } from '@cnnzoo/files';
import { type Image, randomGenerator } from '@cnnzoo/transforms';
import { DataError } from '../data-error.js';
import {
  type Dataset,
  datasetRule,
  type FileReference,
  isReferenceDataset,
  type SampleReference,
  sampleRule,
} from '../datasets/dataset.js';
import { loadSample, readFileReference } from '../datasets/load-sample.js';
import { imageEnding, imageFormat } from '../images/image-format.js';
import { isShardedDataset } from '../shards/shard.js';
import { shardStream } from '../shards/shard-stream.js';
import { indexKind } from './shard-index.js';
import { indexName } from './shard-places.js';
import { tarEnd, tarMember } from './tar-member.js';
import { isMeta } from './tar-samples.js';

/** The options of `writeWebDataset`. */
export interface WriteWebDatasetOptions {
  /** Samples in a shard at most. Default 10,000. */
  readonly maxCount?: number;
  /** A shard gets no more samples once its files have this many bytes. Default 1,000,000,000. */
  readonly maxSize?: number;
  /** Writes the samples in a random order, as shards should have that are trained on: a run shuffles what lies near each other only. Default false. */
  readonly shuffle?: boolean;
  /** Decides the random order. Default 0. */
  readonly seed?: number;
  /** Called after each sample. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What `writeWebDataset` wrote: the content of its index.json, an index of Python's wids with classes and hashes. */
export interface WrittenShards {
  readonly __kind__: string;
  readonly wids_version: 1;
  readonly name: string;
  readonly nsamples: number;
  /** The names of the classes in the order of their labels. */
  readonly classes: readonly string[];
  /** Samples of each class. */
  readonly class_nsamples: readonly number[];
  readonly shardlist: readonly {
    /** The shard's name in the folder. */
    readonly url: string;
    readonly nsamples: number;
    /** Its bytes. */
    readonly filesize: number;
    readonly sha256: string;
  }[];
}

const folderRule: Rule<string | URL> = rule<string | URL>(
  'the path or file URL of a folder',
  (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
);

/**
 * Writes a data set as tar shards that Python's webdataset and `webDataset` read: the image and its label's index (`.cls`) of each sample, and an
 * `index.json` with counts, classes and hashes. Image files are copied as they are, pixels become PNGs. The same samples give the same bytes.
 * @param dataset any data set of 8-bit images
 * @param folder a new or an empty one
 * @returns what index.json has
 * @throws TypeError or RangeError naming the argument that is wrong, or where the folder is not empty; DataError where an image cannot be read
 * @example
 * import { imageFolder, writeWebDataset } from '@cnnzoo/data';
 * const { shardlist } = await writeWebDataset(await imageFolder('flowers'), 'flower-shards', { shuffle: true });
 * console.log(shardlist.length);
 */
export async function writeWebDataset(
  dataset: Dataset,
  folder: string | URL,
  options: WriteWebDatasetOptions = {},
): Promise<WrittenShards> {
  check('dataset', dataset, datasetRule);
  check('folder', folder, folderRule);
  const {
    maxCount = 10_000,
    maxSize = 1e9,
    shuffle = false,
    seed = 0,
    onProgress,
  } = checkOptions<WriteWebDatasetOptions>('writeWebDataset', options, {
    maxCount: optional(integer(1)),
    maxSize: optional(integer(1)),
    shuffle: optional(boolean),
    seed: optional(integer(0)),
    onProgress: optional(
      callable<NonNullable<WriteWebDatasetOptions['onProgress']>>('a function of how many are done'),
    ),
  });
  if (dataset.length === 0) throw new RangeError('dataset must have at least one image, got 0');
  const place = folder instanceof URL ? fileURLToPath(folder) : folder;
  await mkdir(place, { recursive: true });
  if ((await readdir(place)).length > 0)
    throw new RangeError(`folder must be a new or an empty one, '${place}' is not`);

  const { categories, length } = dataset;
  const classCounts = categories.map(() => 0);
  const shardlist: WrittenShards['shardlist'][number][] = [];
  const samples = samplesOf(dataset, shuffle ? seed : undefined);
  let next = await samples.next();
  let done = 0;
  let lastKey = '';
  while (!next.done) {
    const url = `data-${String(shardlist.length).padStart(6, '0')}.tar`;
    const hash = createHash('sha256');
    let [filesize, nsamples] = [0, 0];
    await writeAtomically(join(place, url), async (file) => {
      const write = async (parts: readonly Uint8Array[]) => {
        const bytes = Buffer.concat(parts);
        hash.update(bytes);
        filesize += bytes.length;
        await file.writeFile(bytes);
      };
      for (let size = 0; !next.done && nsamples < maxCount && size < maxSize; next = await samples.next()) {
        const { bytes, label, name, extension } = next.value;
        const category = categories[label];
        if (category === undefined)
          throw new RangeError(`label ${label} of ${name} must be from 0 to ${categories.length - 1}`);
        const stem = keyOf(category, name);
        // Two samples of one key would become one.
        const key = stem === lastKey ? `${stem}_${done}` : stem;
        const cls = Buffer.from(String(label));
        await write([...tarMember(`${key}.cls`, cls), ...tarMember(`${key}.${extension}`, bytes)]);
        classCounts[label] = (classCounts[label] ?? 0) + 1;
        size += cls.length + bytes.length;
        lastKey = key;
        nsamples++;
        done++;
        onProgress?.(done, length);
      }
      await write([tarEnd]);
    });
    shardlist.push({ url, nsamples, filesize, sha256: hash.digest('hex') });
  }
  const written: WrittenShards = {
    __kind__: indexKind,
    wids_version: 1,
    name: basename(resolve(place)),
    nsamples: done,
    classes: [...categories],
    class_nsamples: classCounts,
    shardlist,
  };
  await writeAtomically(join(place, indexName), `${JSON.stringify(written, null, 1)}\n`);
  return written;
}

interface EncodedSample {
  readonly bytes: Uint8Array;
  readonly label: number;
  /** The image's path, or its place in the data set. */
  readonly name: string;
  /** Without its dot. */
  readonly extension: string;
}

/** All samples with their images as files. */
async function* samplesOf(dataset: Dataset, seed: number | undefined): AsyncGenerator<EncodedSample, void, undefined> {
  const random = seed === undefined ? undefined : randomGenerator(seed);
  if (isShardedDataset(dataset)) {
    const { signal } = new AbortController();
    const stream = shardStream(dataset, { from: 0, signal, ...(random && { random }) });
    for await (const reference of stream) yield await encoded(reference);
    return;
  }
  const order = random?.permutation(dataset.length);
  for (let i = 0; i < dataset.length; i++) {
    const index = order?.[i] ?? i;
    if (isReferenceDataset(dataset)) yield await encoded(dataset.reference(index), index);
    else yield await encodedPixels(check(`sample ${index}`, await dataset.get(index), sampleRule), index);
  }
}

async function encoded(reference: SampleReference, index = 0): Promise<EncodedSample> {
  if (reference.kind !== 'file') return encodedPixels(await loadSample(reference), index);
  const bytes = readFileReference(reference);
  return { bytes, label: reference.label, name: reference.name, extension: extensionOf(reference, bytes) };
}

function extensionOf({ name }: FileReference, bytes: Uint8Array): string {
  const format = imageFormat(bytes);
  if (format === undefined) throw new DataError(name, 'it is no image that could be read again');
  return (imageEnding.test(name) ? extname(name).slice(1) : format).toLowerCase();
}

async function encodedPixels(
  { image, label }: { readonly image: Image; readonly label: number },
  index: number,
): Promise<EncodedSample> {
  const { data, width, height, channels } = image;
  const name = String(index).padStart(8, '0');
  if (data instanceof Float32Array || !(channels === 1 || channels === 3 || channels === 4))
    throw new TypeError(
      `sample ${index} must be an 8-bit image of 1, 3 or 4 channels, got ${data.constructor.name} of ${channels}`,
    );
  const { default: sharp } = await import('sharp');
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const bytes = await sharp(raw, { raw: { width, height, channels } }).png().toBuffer();
  return { bytes, label, name, extension: 'png' };
}

/** The class as a folder and the image's name up to its ending, without dots, at the first of which webdataset ends a key. */
function keyOf(category: string, name: string): string {
  const file = basename(name.replaceAll('\\', '/'));
  const stem = file.slice(0, file.length - extname(file).length).replaceAll('.', '_') || '_';
  const folder = category.replaceAll(/[/\\\p{Cc}]/gu, '_');
  const key = `${folder}/${stem}`;
  return folder === '' || /^\.{1,2}$/.test(folder) || isMeta(key) ? `class_${key}` : key;
}
