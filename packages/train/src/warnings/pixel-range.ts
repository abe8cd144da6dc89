import { readMetadata } from '@cnnzoo/metadata';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** So many values are looked at, spread over all images. */
const looked = 2 ** 16;
/** No normalized pixel is as large, but for networks that expect values in units of 1/255. */
const largestNormalized = 8;

/**
 * What is wrong with the range of a batch's pixels, or null: they are from 0 to 255, and the network's metadata say that it was built for
 * normalized ones, of which some are negative.
 */
export async function rawPixels(model: LayersModel, images: tf.Tensor4D): Promise<string | null> {
  const { preprocessing } = readMetadata(model);
  if (preprocessing === undefined) return null;
  const { mean, std } = preprocessing;
  const largest = Math.max(...mean.map((value, i) => (1 - value) / (std[i] ?? 1)));
  const values = await images.data();
  const step = Math.max(1, Math.floor(values.length / looked));
  let most = 0;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i] ?? 0;
    if (!(value >= 0 && value <= 255)) return null;
    // Where the mean of 0 to 255 is subtracted, only whole numbers are certain to be pixels.
    if (largest > largestNormalized && !Number.isInteger(value)) return null;
    most = Math.max(most, value);
  }
  if (most <= largestNormalized || mean.every((value) => value === 0)) return null;
  const numbers = (list: readonly number[]) => `[${list.map((value) => Number(value.toPrecision(4))).join(', ')}]`;
  return (
    `the first batch has pixels from 0 to ${most}, but model '${model.name}' expects normalized ones. ` +
    `End the loader's transform in toTensor(), normalize(${numbers(mean)}, ${numbers(std)}).`
  );
}
