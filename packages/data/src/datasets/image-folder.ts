import { stat } from 'node:fs/promises';
import { normalize, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOptions, integer, listOf, oneOf, optional, type Rule, string } from '@cnnzoo/checks';
import { openSource, type ReadLimits, type Source } from '@cnnzoo/files';
import type { ArchiveListing } from '../archives/archive-entry.js';
import { archiveListing, asDataError, sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import type { Decoding } from '../images/decode-image.js';
import { imageEnding } from '../images/image-format.js';
import { sortByCodePoints } from './code-point-order.js';
import { checkIndex, type ReferenceDataset, type SampleReference } from './dataset.js';
import { ImageListing, isHidden, type LeftOut, type ListedImages } from './image-listing.js';
import { type LabelledPath, labelsOfRows, readLabelList } from './label-list.js';
import { loadSample } from './load-sample.js';
import { readLimitsRule } from './read-limits-rule.js';
import { walkFolder } from './walk-folder.js';

/** Windows' limit; other systems have shorter ones. */
const longestPath = 32_767;

/** The options of `imageFolder`. */
export interface ImageFolderOptions {
  /** The folder inside of the folder or archive that holds the classes, such as 'train'. Default: itself. */
  readonly root?: string;
  /**
   * The names of all classes in the order of their labels: for a validation set that lacks one, or folders whose names are numbers.
   * Default: the folders that there are, sorted by code points.
   */
  readonly classes?: readonly string[];
  /**
   * A list that says which images there are and what class each has, instead of folders: CSV with path and class in its first two columns,
   * or JSON, `{ PATH: CLASS }` or `[{ "file": PATH, "label": CLASS }]`. Paths are below the root.
   */
  readonly labels?: Source;
  /** Channels of the images: 1 grey, 3 RGB, 4 RGB and alpha. Default 3. */
  readonly channels?: 1 | 3 | 4;
  /** An image with more pixels is refused before it is decoded. Default: Pillow's limit of 178,956,970, and 50 a byte of a file of more than 16 million. */
  readonly maxPixels?: number;
  /** What reading the archive's directory and the list may take at most. Default: by the file's size. */
  readonly limits?: ReadLimits;
}

/** Images of a folder with one folder per class. */
export interface ImageFolder extends ReferenceDataset {
  /** The label of each image. */
  readonly labels: Int32Array;
  /** The path of each image. */
  readonly files: readonly string[];
  /** What was left out: how many files for each reason, and one of them. */
  readonly leftOut: readonly LeftOut[];
}

const source = {
  expected: 'a path, file or https URL, bytes, Blob or { size, read }',
  fault: () => null,
} as Rule<Source>;

/** @throws RangeError where a class is named twice */
export function checkUnique(classes: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of classes) {
    if (seen.has(name)) throw new RangeError(`classes must have each name once, got '${name}' twice`);
    seen.add(name);
  }
}

/**
 * A data set of image files in a folder with one folder per class, as torchvision's ImageFolder, or straight from such a folder in a .zip or
 * .tar, without unpacking it. Classes, folders and names are in the order of their code points; symbolic links are followed; hidden files and
 * folders and names that end in no image format are left out and counted. Images are decoded when they are asked for.
 * @param place the path or file URL of a folder or archive; or an archive's bytes, Blob or { size, read }, which is read into memory
 * @throws DataError where there are no images or a class has none (without `classes`), an archive cannot be read, or the path of an
 *   entry climbs out of it; by `get`, where an image is corrupt, truncated, too large, or no image
 * @example
 * import { imageFolder } from '@cnnzoo/data';
 * const train = await imageFolder('cifar10.zip', { root: 'train' });
 * console.log(train.length, train.categories, train.leftOut);
 */
export async function imageFolder(place: Source, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const {
    root = '',
    classes,
    labels,
    channels = 3,
    maxPixels,
    limits,
  } = checkOptions<ImageFolderOptions>('imageFolder', options, {
    root: optional({
      expected: 'a path',
      fault: (name, value) => (typeof value === 'string' ? null : string().fault(name, value)),
    }),
    classes: optional(listOf(string(), 1)),
    labels: optional(source),
    channels: optional(oneOf([1, 3, 4])),
    maxPixels: optional(integer(1)),
    limits: optional(readLimitsRule),
  });
  if (classes !== undefined) checkUnique(classes);
  const inside = posix.normalize(root).replace(/^\.?(\/|$)|\/$/g, '');
  if (inside.split('/').includes('..')) throw new RangeError(`root must be a folder inside, got '${root}'`);
  const { path, bytes, listing } = await open(place, limits);
  const base = inside === '' ? path : normalize(`${path}/${inside}`);
  const list =
    labels === undefined ? undefined : await readLabelList(labels, (text) => !imageEnding.test(text), limits);
  const collected = new ImageListing();
  let images: ListedImages;
  if (list !== undefined) images = ofList(list, sourceName(labels ?? ''), classes, base, listing, inside);
  else {
    if (listing === undefined) await walkFolder(base, collected);
    else addEntries(listing, inside, collected);
    images = collected.sorted(base, classes);
  }
  return folderDataset(path, base, bytes, images, collected.leftOut, { channels, maxPixels });
}

/** The folder's path; or an archive's path or bytes, and what it holds. */
async function open(
  place: Source,
  limits: ReadLimits | undefined,
): Promise<{ path: string; bytes?: Uint8Array; listing?: ArchiveListing }> {
  const path = place instanceof URL && place.protocol === 'file:' ? fileURLToPath(place) : place;
  const name = sourceName(path);
  if (typeof path === 'string' && !/^https?:\/\//i.test(path)) {
    if (/\.(tgz|tar\.\w+)$/i.test(path))
      throw new DataError(path, 'a packed tar cannot be read in any order; unpack it to .tar first');
    const info = await stat(path).catch(() => undefined);
    if (info?.isDirectory()) return { path };
    if (!info?.isFile()) throw new DataError(path, 'no such folder, nor a .zip or .tar');
    return { path, listing: await archiveListing(path, limits) };
  }
  try {
    // Shared with the loader's workers, which cannot read a Blob or a function of the caller's.
    const opened = await openSource(path, limits?.stall === undefined ? {} : { stall: limits.stall });
    const bytes = new Uint8Array(new SharedArrayBuffer(opened.size));
    bytes.set(await opened.read(0, opened.size));
    return { path: name, bytes, listing: await archiveListing(bytes, limits) };
  } catch (cause) {
    if (cause instanceof TypeError) throw cause;
    throw asDataError(name, cause);
  }
}

/** Adds what an archive has below a folder. */
function addEntries({ files, folders, others }: ArchiveListing, inside: string, to: ImageListing): void {
  const prefix = inside === '' ? '' : `${inside}/`;
  const below = (path: string) => {
    const plain = path.replace(/^(\.\/)+/, '');
    return plain.startsWith(prefix) ? plain.slice(prefix.length) : undefined;
  };
  for (const folder of folders) {
    const place = below(folder) ?? '';
    const [category = ''] = place.split('/');
    if (isHidden(place)) to.leaveOutHidden(place);
    else if (category !== '') to.addClass(category);
  }
  for (const { path, part } of files) {
    const place = below(path);
    if (place !== undefined) to.addFile(...folderAndName(place), part);
  }
  for (const path of others) {
    const place = below(path);
    if (place !== undefined) to.leaveOut('a link to nothing', ...folderAndName(place));
  }
}

function folderAndName(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
}

/** The images of a list, in its order. */
function ofList(
  rows: readonly LabelledPath[],
  list: string,
  classes: readonly string[] | undefined,
  base: string,
  listing: ArchiveListing | undefined,
  inside: string,
): ListedImages {
  if (rows.length === 0) throw new DataError(list, 'a list without images');
  const categories = classes ?? sortByCodePoints([...new Set(rows.map(([, category]) => category))]);
  const labels = labelsOfRows(list, categories, rows);
  const paths = rows.map(([path]) => {
    // Node's normalize takes time that grows with the square of a path's steps upwards: 3 seconds for 64,000.
    if (path.length > longestPath)
      throw new DataError(
        list,
        `a path of ${path.length} characters ('${path.slice(0, 40)}…'), at most ${longestPath}`,
      );
    const plain = posix.normalize(path).replace(/^\.\//, '');
    if (plain.startsWith('/') || plain.split('/').includes('..'))
      throw new DataError(list, `the path '${path}' climbs out of the folder`);
    return plain;
  });
  const parts = new Map(listing?.files.map((file) => [file.path.replace(/^(\.\/)+/, ''), file.part]));
  return {
    categories,
    paths,
    labels,
    parts: paths.map((path) => {
      if (listing === undefined) return undefined;
      const part = parts.get(inside === '' ? path : `${inside}/${path}`);
      if (part === undefined) throw new DataError(list, `there is no '${path}' in ${base}`);
      return part;
    }),
  };
}

function folderDataset(
  path: string,
  base: string,
  bytes: Uint8Array | undefined,
  { categories, paths, labels, parts }: ListedImages,
  leftOut: readonly LeftOut[],
  decoding: Decoding,
): ImageFolder {
  const files = paths.map((below) => normalizeSlashes(`${base}/${below}`));
  function reference(index: number): SampleReference {
    checkIndex(index, files.length);
    const name = files[index] ?? '';
    const part = parts[index];
    const label = labels[index] ?? 0;
    // No `...common`: V8 would make a hidden class for each of these objects, garbage that only a major collection finds.
    if (part === undefined) return { kind: 'file', name, label, decoding, path: name };
    return bytes === undefined
      ? { kind: 'file', name, label, decoding, path, part }
      : { kind: 'file', name, label, decoding, path, part, bytes };
  }
  return {
    length: files.length,
    categories,
    labels,
    files,
    leftOut,
    reference,
    get: (index) => loadSample(reference(index)),
  };
}

const normalizeSlashes =
  process.platform === 'win32' ? (path: string) => path.replaceAll('/', '\\') : (path: string) => path;
