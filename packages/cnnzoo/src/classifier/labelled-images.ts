/** Labelled images as people have them: a folder, an archive, a list of labels, shards, or a data set. */
import { shown } from '@cnnzoo/checks';
import type { Dataset, ImageFolderOptions } from '@cnnzoo/data';
import { nodeModule } from '@cnnzoo/files';

/** Of images, as a network takes them. */
export type Channels = 1 | 3 | 4;

/**
 * A folder with a folder of images for each class, a zip or tar of one, a CSV or JSON file that gives each image its class, or a data set; or shards:
 * tars of webdataset (`data-{000..099}.tar`, their folder or index.json) or Parquet files, also by their address.
 * A folder or archive may hold such folders, or folders of shards, under `train`, `val` and `test`.
 */
export type LabelledImages = string | URL | Dataset;

/** What a network is trained on, and what it is tested on after each epoch. */
export interface TrainingImages {
  readonly training: Dataset;
  /** Null where the place has one set of images, and no part of it was set aside. */
  readonly validation: Dataset | null;
}

/** How folders call the images for validation; the first that is there is taken. */
const validationNames = ['val', 'valid', 'validation', 'test'];
/** How folders call their parts. */
export const partNames: readonly string[] = ['train', ...validationNames];

/**
 * Opens what a network is to be trained on.
 * @param channels of the network's input
 * @throws DataError naming the folder or file that cannot be used
 */
export async function openTrainingImages(images: LabelledImages, channels: Channels): Promise<TrainingImages> {
  const packed = await packedParts(images, channels);
  if (packed !== null) return packed;
  const whole = await openPlace(images, { channels });
  const parts = whole.categories;
  if (isDataset(images) || !parts.includes('train') || !parts.every((name) => partNames.includes(name)))
    return { training: whole, validation: null };
  const { imageFolder } = await import('@cnnzoo/data');
  const training = await imageFolder(images, { channels, root: 'train' });
  const root = validationNames.find((name) => parts.includes(name));
  if (root === undefined) return { training, validation: null };
  // Its classes are those of training, in their order, whether it has images of each or not.
  return { training, validation: await imageFolder(images, { channels, root, classes: training.categories }) };
}

/**
 * Opens what a classifier is to be tested on.
 * @param classes of the classifier, in its order
 * @param channels of the network's input
 * @throws DataError naming the folder or file that cannot be used; RangeError where a data set has other classes
 */
export async function openTestImages(
  images: LabelledImages,
  classes: readonly string[],
  channels: Channels,
): Promise<Dataset> {
  if (!isDataset(images)) return openPlace(images, { classes, channels });
  const { categories } = images;
  if (!Array.isArray(categories) || !categories.every((name) => typeof name === 'string'))
    throw new TypeError(
      `images must be a folder, an archive, a list of labels, or a data set with categories, got ${shown(images)}`,
    );
  if (categories.length !== classes.length || categories.some((name, index) => name !== classes[index]))
    throw new RangeError(
      `the data set has the classes ${listed(categories)}, the classifier has ${listed(classes)}: they must be the same, in the same order`,
    );
  return images;
}

/** The parts of a folder that `cnnzoo pack` wrote: folders of shards. Null where it is none. */
async function packedParts(images: LabelledImages, channels: Channels): Promise<TrainingImages | null> {
  if (isDataset(images) || /^https?:/i.test(String(images))) return null;
  const { existsSync } = nodeModule('node:fs');
  const { join } = nodeModule('node:path');
  const folder = nodeModule('node:url').fileURLToPath(fileUrl(images));
  const indexOf = (name: string) => join(folder, name, 'index.json');
  if (!existsSync(indexOf('train'))) return null;
  const training = await openPlace(indexOf('train'), { channels });
  const part = validationNames.find((name) => existsSync(indexOf(name)));
  if (part === undefined) return { training, validation: null };
  return { training, validation: await openPlace(indexOf(part), { channels, classes: training.categories }) };
}

async function openPlace(
  images: LabelledImages,
  options: Pick<ImageFolderOptions, 'channels' | 'classes'>,
): Promise<Dataset> {
  if (isDataset(images)) return images;
  const { imageFolder, parquetDataset, shardFormat, webDataset } = await import('@cnnzoo/data');
  const format = await shardFormat(images);
  if (format !== null) return format === 'parquet' ? parquetDataset(images, options) : webDataset(images, options);
  if (!/\.(csv|tsv|json)$/i.test(String(images))) return imageFolder(images, options);
  // The list names images beside it.
  const folder = new URL('.', fileUrl(images));
  return imageFolder(folder, { ...options, labels: images });
}

function fileUrl(place: string | URL): URL {
  if (place instanceof URL) return place;
  if (/^[a-z]+:\/\//i.test(place)) return new URL(place);
  return nodeModule('node:url').pathToFileURL(place);
}

function isDataset(images: LabelledImages): images is Dataset {
  return typeof images === 'object' && images !== null && !(images instanceof URL);
}

/** The names in quotes, the first ten of many. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return `${shown.join(', ')}${names.length > shown.length ? `, … (${names.length})` : ''}`;
}
