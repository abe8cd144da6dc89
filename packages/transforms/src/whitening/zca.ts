/** ZCA whitening, as pylearn2 has it, from which the papers on CIFAR took it: Krizhevsky (2009), appendix A; Goodfellow et al. (2013). */
import { check, checkOptions, optional, positive, record, rule } from '@cnnzoo/checks';
import { checkImage, type Image } from '../image/image.js';
import type { Transform } from '../transform.js';
import { inverseSquareRoot } from './inverse-square-root.js';

/** What {@link fitZca} finds of images of n values each, which stand in the order row, column, channel. */
export interface Zca {
  /** Of each value, over the images: [n]. */
  readonly mean: Float64Array;
  /** [n, n], row by row. It is symmetric. */
  readonly matrix: Float64Array;
}

/** The options of `fitZca`. */
export interface FitZcaOptions {
  /** Is added to each variance, so that directions that hardly vary are not blown up. Default 0.1, as in the papers. */
  readonly epsilon?: number;
}

/** Images that come one by one. */
type Images = Iterable<Image> | AsyncIterable<Image>;

const imagesRule = /* @__PURE__ */ rule<Images>(
  'images that can be iterated over',
  (value) => typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value),
);

/** So many images are added to the sums of products at a time, so that each sum is read and written once for all. */
const chunk = 8;

/**
 * Finds what whitens images of one size: values that no longer go together, each of variance 1. The matrix is (C + epsilon I)^(-1/2), where C is the
 * images' covariance, all in float64. With images of 32x32x3, which have 3,072 values, it took six minutes and 0.8 GB,
 * and 4 ms for each image.
 * @param images as they are before they are whitened: float, contrast-normalized in the papers. Each is read once
 * @returns for `zcaWhitening`, or for `setZca` of @cnnzoo/blocks, which saves it with a model
 * @throws TypeError or RangeError naming the argument that is wrong, or the image that has another size than the first
 * @example
 * import { compose, fitZca, globalContrastNormalization, toTensor, zcaWhitening } from '@cnnzoo/transforms';
 * const images = [1, 2, 3, 4].map((k) => ({ data: Uint8Array.of(9 * k, k * k, 40 / k), width: 1, height: 1, channels: 3 }));
 * const before = compose([toTensor(), globalContrastNormalization()]);
 * const zca = await fitZca(images.map((image) => before(image)));
 * console.log(compose([before, zcaWhitening(zca)])({ data: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 }).data);
 */
export async function fitZca(images: Images, options: FitZcaOptions = {}): Promise<Zca> {
  check('images', images, imagesRule);
  const { epsilon = 0.1 } = checkOptions<FitZcaOptions>('fitZca', options, { epsilon: optional(positive) });
  let mean = new Float64Array();
  let products = new Float64Array();
  let waiting: Float32Array[] = [];
  let count = 0;
  for await (const image of images) {
    checkImage(image);
    const { data } = image;
    if (count === 0) {
      mean = new Float64Array(data.length);
      products = new Float64Array(data.length ** 2);
    }
    const place = `images: image ${count}`;
    if (!(data instanceof Float32Array))
      throw new TypeError(`${place} must be a float image, got an 8-bit one; put toTensor() before it`);
    if (data.length !== mean.length)
      throw new RangeError(`${place} must have ${mean.length} values, as those before it, got ${data.length}`);
    for (let i = 0; i < data.length; i++) mean[i] = (mean[i] ?? 0) + (data[i] ?? 0);
    waiting.push(data);
    count++;
    if (waiting.length === chunk) {
      addProducts(products, waiting);
      waiting = [];
    }
  }
  if (count < 2) throw new RangeError(`images must be at least 2, got ${count}`);
  addProducts(products, waiting);
  const n = mean.length;
  for (let i = 0; i < n; i++) mean[i] = (mean[i] ?? 0) / count;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const covariance = (products[i * n + j] ?? 0) / count - (mean[i] ?? 0) * (mean[j] ?? 0);
      products[i * n + j] = products[j * n + i] = covariance + (i === j ? epsilon : 0);
    }
  return { mean, matrix: await inverseSquareRoot(products, n) };
}

/** Adds the products of each two values of an image, for all images; below the diagonal only. */
function addProducts(products: Float64Array, images: readonly Float32Array[]): void {
  if (images.length === 0) return;
  const n = images[0]?.length ?? 0;
  const none = new Float32Array(n);
  const [a = none, b = none, c = none, d = none, e = none, f = none, g = none, h = none] = images;
  for (let i = 0; i < n; i++) {
    const row = products.subarray(i * n, i * n + i + 1);
    const [ai = 0, bi = 0, ci = 0, di = 0, ei = 0, fi = 0, gi = 0, hi = 0] = [a, b, c, d, e, f, g, h].map((x) => x[i]);
    for (let j = 0; j < row.length; j++)
      row[j] =
        (row[j] ?? 0) +
        (ai * (a[j] ?? 0) + bi * (b[j] ?? 0) + ci * (c[j] ?? 0) + di * (d[j] ?? 0)) +
        (ei * (e[j] ?? 0) + fi * (f[j] ?? 0) + gi * (g[j] ?? 0) + hi * (h[j] ?? 0));
  }
}

const zcaRule = /* @__PURE__ */ record<Zca>({
  mean: /* @__PURE__ */ rule<Float64Array>('a Float64Array', (value) => value instanceof Float64Array),
  matrix: /* @__PURE__ */ rule<Float64Array>('a Float64Array', (value) => value instanceof Float64Array),
});

/**
 * (image - mean) times the matrix, on a float image of the size that it was fitted on: pylearn2's `ZCA`. The papers whiten first and then crop and flip.
 *
 * An image of 32x32x3 takes 10 ms. A model that is built with the option `whitening: 'zca'` whitens a batch a hundred times as fast, and is saved with it.
 * A matrix is too large to be told to workers: a loader with this transform runs it in the program's own thread.
 * @param zca from `fitZca`
 * @throws TypeError or RangeError naming what is wrong with it; when run, on an 8-bit image or one of another size
 * @example
 * import { fitZca, zcaWhitening } from '@cnnzoo/transforms';
 * const images = [1, 2, 4].map((k) => ({ data: Float32Array.of(k, 3 * k, 7 - k), width: 1, height: 1, channels: 3 }));
 * const whiten = zcaWhitening(await fitZca(images));
 * console.log(images.map((image) => whiten(image).data));
 */
export function zcaWhitening(zca: Zca): Transform {
  const { mean, matrix } = check('zca', zca, zcaRule);
  const n = mean.length;
  if (matrix.length !== n * n)
    throw new RangeError(`zca.matrix must have ${n * n} values, the square of mean's ${n}, got ${matrix.length}`);
  return (image) => {
    checkImage(image);
    const { data } = image;
    if (!(data instanceof Float32Array))
      throw new TypeError('zcaWhitening needs a float image, got an 8-bit one; put toTensor() before it');
    if (data.length !== n) throw new RangeError(`zcaWhitening was fitted on images of ${n} values, got ${data.length}`);
    const centered = Float64Array.from(data, (value, i) => value - (mean[i] ?? 0));
    const whitened = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += (matrix[i * n + j] ?? 0) * (centered[j] ?? 0);
      whitened[i] = sum;
    }
    return { ...image, data: whitened };
  };
}
