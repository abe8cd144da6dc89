import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchivePart } from '../archives/archive-entry.js';
import { archiveIndex } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import type { Decoding } from '../pictures/decode-image.js';
import { checkIndex, type ReferenceDataset, type SampleReference } from './dataset.js';
import { loadSample } from './load-sample.js';

/** The options of `imageFolder`. */
export interface ImageFolderOptions {
  /** The folder inside of the folder or archive that holds the classes, such as 'train'. Default: itself. */
  readonly root?: string;
  /** Channels of the pictures: 1 grey, 3 RGB, 4 RGB and alpha. Default 3. */
  readonly channels?: 1 | 3 | 4;
  /** A picture with more pixels is refused before it is decoded. Default 178,956,970, Pillow's limit. */
  readonly maxPixels?: number;
}

/** Pictures of a folder with one folder per class. */
export interface ImageFolder extends ReferenceDataset {
  /** The label of each picture. */
  readonly labels: Int32Array;
  /** The path of each picture. */
  readonly files: readonly string[];
}

interface PictureFile {
  /** Below the root, with forward slashes: CLASS/…/NAME.jpg. */
  readonly path: string;
  readonly part?: ArchivePart;
}

/**
 * A data set of JPEG, PNG and WebP files in a folder with one folder per class, as torchvision's ImageFolder, or straight from
 * such a folder in a .zip or .tar, without unpacking it. Classes are in the order of their names, and so are the pictures of
 * each; files with other endings are left out. Pictures are decoded when they are asked for.
 * @param path of the folder or archive
 * @throws DataError where there are no pictures or a class has none, an archive cannot be read, or the path of an entry climbs
 *   out of it; by `get`, where a picture is corrupt, truncated, too large, or no picture
 * @example
 * import { imageFolder } from '@cnnzoo/data';
 * const train = await imageFolder('cifar10.zip', { root: 'train' });
 * console.log(train.length, train.categories);
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const { root = '', channels = 3, maxPixels } = options;
  if (channels !== 1 && channels !== 3 && channels !== 4)
    throw new RangeError(`channels must be 1, 3 or 4, got ${channels}`);
  if (maxPixels !== undefined && (!Number.isInteger(maxPixels) || maxPixels < 1))
    throw new RangeError(`maxPixels must be a whole number of at least 1, got ${maxPixels}`);
  const isArchive = /\.(zip|tar)$/i.test(path);
  if (/\.(tgz|tar\.\w+)$/i.test(path))
    throw new DataError(path, 'a packed tar cannot be read in any order; unpack it to .tar first');
  const place = root === '' ? path : join(path, root);
  const all = isArchive ? await archivePictures(path, root) : await folderPictures(place);
  if (all.pictures.length === 0)
    throw new DataError(place, 'no JPEG, PNG or WebP pictures in folders, one folder per class');
  const empty = all.categories.find((name) => !all.pictures.some((picture) => picture.path.startsWith(`${name}/`)));
  if (empty !== undefined) throw new DataError(join(place, empty), 'a class without JPEG, PNG or WebP pictures');
  return folderDataset(path, place, all, { channels, maxPixels });
}

function folderDataset(
  path: string,
  place: string,
  { categories, pictures }: FolderContents,
  decoding: Decoding,
): ImageFolder {
  const labelOf = new Map(categories.map((name, label) => [name, label]));
  const labels = Int32Array.from(pictures, ({ path }) => labelOf.get(classOf(path)) ?? -1);
  const files = pictures.map((picture) => join(place, picture.path));
  function reference(index: number): SampleReference {
    checkIndex(index, files.length);
    const name = files[index] ?? '';
    const { part } = pictures[index] ?? {};
    const label = labels[index] ?? 0;
    // No `...common`: V8 would make a hidden class for each of these objects, garbage that only a major collection finds.
    return part === undefined
      ? { kind: 'file', name, label, decoding, path: name }
      : { kind: 'file', name, label, decoding, path, part };
  }
  return {
    length: files.length,
    categories,
    labels,
    files,
    reference,
    get: (index) => loadSample(reference(index)),
  };
}

interface FolderContents {
  readonly categories: readonly string[];
  readonly pictures: readonly PictureFile[];
}

async function folderPictures(folder: string): Promise<FolderContents> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new DataError(folder, 'no such folder, nor a .zip or .tar');
  const categories = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
  const pictures: PictureFile[] = [];
  for (const category of categories) {
    const names = await readdir(join(folder, category), { recursive: true });
    for (const name of names.map((n) => n.replaceAll('\\', '/')).sort())
      if (isPicture(name)) pictures.push({ path: `${category}/${name}` });
  }
  return { categories, pictures };
}

async function archivePictures(archive: string, root: string): Promise<FolderContents> {
  const prefix = root === '' ? '' : `${root.replace(/\/$/, '')}/`;
  const pictures = (await archiveIndex(archive))
    .filter(({ path }) => path.startsWith(prefix) && isPicture(path) && path.slice(prefix.length).includes('/'))
    .map(({ path, part }) => ({ path: path.slice(prefix.length), part }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { categories: [...new Set(pictures.map(({ path }) => classOf(path)))].sort(), pictures };
}

function isPicture(path: string): boolean {
  // macOS puts files called ._NAME.jpg, which are no pictures, into archives.
  return /\.(jpe?g|png|webp)$/i.test(path) && !/(^|\/)\._/.test(path);
}

function classOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}
