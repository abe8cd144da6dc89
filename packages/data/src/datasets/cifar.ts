import { checkOptions, oneOf } from '@cnnzoo/checks';
import { DataError } from '../data-error.js';
import { type ArrayDataset, arrayDataset } from './array-dataset.js';
import { cifar10Categories, cifar100Categories } from './cifar-categories.js';
import { filesOf, type NamedFiles, readFileBytes } from './named-files.js';

/** The options of `cifar10` and `cifar100`. */
export interface CifarOptions {
  /** 'train': 50,000 images; 'test': 10,000. */
  readonly split: 'train' | 'test';
}

const side = 32;
const pixels = side * side;

/** The files of each split, and how many label bytes stand before each image; the last one counts. */
const formats = {
  cifar10: {
    train: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
    test: ['test_batch.bin'],
    labelBytes: 1,
    categories: cifar10Categories,
  },
  /** Its first label byte is that of the 20 superclasses. */
  cifar100: { train: ['train.bin'], test: ['test.bin'], labelBytes: 2, categories: cifar100Categories },
} as const;

/**
 * CIFAR-10 (Krizhevsky 2009) from its binary version: `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`.
 * @param folder with the files, usually called cifar-10-batches-bin; or the files by their names, from anywhere
 * @returns a data set of [32, 32, 3] 8-bit RGB images
 * @throws DataError naming the file where one is missing, truncated, or has a label out of range
 * @example
 * import { cifar10 } from '@cnnzoo/data';
 * const train = await cifar10('cifar-10-batches-bin', { split: 'train' });
 * console.log(train.length); // 50000
 */
export function cifar10(folder: NamedFiles, options: CifarOptions): Promise<ArrayDataset> {
  return readCifar(folder, options, 'cifar10');
}

/**
 * CIFAR-100 from its binary version, `train.bin` and `test.bin`, with its 100 fine labels. See {@link cifar10}.
 * @param folder with the files, usually called cifar-100-binary
 * @example
 * import { cifar100 } from '@cnnzoo/data';
 * const test = await cifar100('cifar-100-binary', { split: 'test' });
 * console.log(test.length); // 10000
 */
export function cifar100(folder: NamedFiles, options: CifarOptions): Promise<ArrayDataset> {
  return readCifar(folder, options, 'cifar100');
}

async function readCifar(
  folder: NamedFiles,
  options: CifarOptions,
  format: keyof typeof formats,
): Promise<ArrayDataset> {
  const { split } = checkOptions<CifarOptions>(format, options, { split: oneOf(['train', 'test']) });
  const { labelBytes, categories, ...files } = formats[format];
  const record = labelBytes + 3 * pixels;
  const place = filesOf(folder);
  const parts: { path: string; bytes: Uint8Array }[] = [];
  for (const name of files[split]) {
    const file = place.find(name);
    const { name: path } = file;
    const bytes = await readFileBytes(file);
    if (bytes.length === 0 || bytes.length % record !== 0)
      throw new DataError(
        path,
        `truncated or corrupt: ${bytes.length} bytes, expected a multiple of ${record} (a label and 32 x 32 x 3 pixels)`,
      );
    parts.push({ path, bytes });
  }
  const count = parts.reduce((sum, { bytes }) => sum + bytes.length / record, 0);
  const data = new Uint8Array(new SharedArrayBuffer(count * 3 * pixels));
  const labels = new Int32Array(count);
  let image = 0;
  for (const { path, bytes } of parts)
    for (let start = 0; start < bytes.length; start += record, image++) {
      const label = bytes[start + labelBytes - 1] ?? 0;
      if (label >= categories.length)
        throw new DataError(path, `label ${label} of image ${start / record}, expected 0 to ${categories.length - 1}`);
      labels[image] = label;
      // Planes of red, green and blue become pixels.
      for (let channel = 0; channel < 3; channel++) {
        const plane = start + labelBytes + channel * pixels;
        for (let i = 0; i < pixels; i++) data[(image * pixels + i) * 3 + channel] = bytes[plane + i] ?? 0;
      }
    }
  return arrayDataset({
    data,
    labels,
    width: side,
    height: side,
    channels: 3,
    categories,
    name: `${place.name}/${split}`,
  });
}
