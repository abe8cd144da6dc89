import { check, shown } from '@cnnzoo/checks';
import { numbersRule } from '../arguments.js';
import { normalizeBytes } from '../simd/tables.js';
import { defineTransform, type ResultPlace, type Transform } from '../transform.js';
import { type ByteImage, type FloatImage, type Image, isFloat } from './image.js';

/**
 * (value - mean) / standard deviation, channel by channel, on a float image, as torchvision's Normalize.
 * @param mean one number per channel, or one for all
 * @param standardDeviation likewise; not 0
 * @throws RangeError where a number is wrong; when run, TypeError on an 8-bit image, RangeError where the image has
 *   another number of channels
 * @example
 * import { compose, normalize, toTensor } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(compose([toTensor(), normalize([0.5], [0.5])])(photo).data[0]); // -1
 */
export function normalize(mean: readonly number[], standardDeviation: readonly number[]): Transform {
  checkStatistics(mean, standardDeviation);
  return defineTransform('normalize', [mean, standardDeviation], (image) => {
    const [means, deviations] = perChannel('normalize', requireFloat('normalize', image), mean, standardDeviation);
    const { channels } = image;
    const data = new Float32Array(image.data.length);
    for (let i = 0; i < data.length; ) {
      for (let c = 0; c < channels; c++, i++)
        data[i] = Math.fround((image.data[i] ?? 0) - (means[c] ?? 0)) / (deviations[c] ?? 1);
    }
    return { ...image, data };
  });
}

/**
 * The inverse of {@link normalize}: value * standard deviation + mean. For looking at what a network sees.
 * @example
 * import { compose, denormalize, toBytes } from '@cnnzoo/transforms';
 * const seen = { data: new Float32Array(3), width: 1, height: 1, channels: 3 };
 * console.log(compose([denormalize([0.5], [0.5]), toBytes()])(seen).data); // 128, 128, 128
 */
export function denormalize(mean: readonly number[], standardDeviation: readonly number[]): Transform {
  checkStatistics(mean, standardDeviation);
  return defineTransform('denormalize', [mean, standardDeviation], (image) => {
    const [means, deviations] = perChannel('denormalize', requireFloat('denormalize', image), mean, standardDeviation);
    const { channels } = image;
    const data = new Float32Array(image.data.length);
    for (let i = 0; i < data.length; ) {
      for (let c = 0; c < channels; c++, i++) data[i] = (image.data[i] ?? 0) * (deviations[c] ?? 1) + (means[c] ?? 0);
    }
    return { ...image, data };
  });
}

/** What toTensor and normalize do one after the other, in one pass: 8-bit values are looked up in a table per channel. */
export function toTensorNormalized(mean: readonly number[], standardDeviation: readonly number[]): Transform {
  const onFloats = normalize(mean, standardDeviation);
  const tables = Array.from({ length: mean.length }, (_, channel) => {
    const m = Math.fround(mean[channel] ?? 0);
    const s = Math.fround(standardDeviation[channel] ?? standardDeviation[0] ?? 1);
    return Float32Array.from({ length: 256 }, (_, value) => Math.fround(Math.fround(value / 255) - m) / s);
  });
  const into = (image: Image, place: ResultPlace): Image => {
    if (isFloat(image)) return onFloats(image);
    const statistics = perChannel('normalize', image, mean, standardDeviation);
    const { data: bytes, channels } = image;
    const data: unknown = place(bytes.length);
    if (!(data instanceof Float32Array) || data.length !== bytes.length)
      throw new TypeError(`place must give a Float32Array of ${bytes.length} numbers, got ${shown(data)}`);
    if (normalizeBytes(image as ByteImage, ...statistics, data)) return { ...image, data };
    for (let c = 0; c < channels; c++) {
      const table = tables[c] ?? tables[0] ?? data;
      for (let i = c; i < data.length; i += channels) data[i] = table[bytes[i] ?? 0] ?? 0;
    }
    return { ...image, data };
  };
  const transform: Transform = (image) => into(image, (length) => new Float32Array(length));
  return Object.assign(transform, { into: (image: Image, _: unknown, place: ResultPlace) => into(image, place) });
}

function checkStatistics(mean: readonly number[], standardDeviation: readonly number[]): void {
  check('mean', mean, numbersRule);
  check('standardDeviation', standardDeviation, numbersRule);
  if (mean.length !== standardDeviation.length)
    throw new RangeError(
      `mean and standardDeviation must be as long, got ${mean.length} and ${standardDeviation.length}`,
    );
  const zero = standardDeviation.indexOf(0);
  if (zero >= 0) throw new RangeError(`standardDeviation[${zero}] must not be 0`);
}

function requireFloat(name: string, image: Image): FloatImage {
  if (!isFloat(image)) throw new TypeError(`${name} needs a float image, got an 8-bit one; put toTensor() before it`);
  return image;
}

/** Mean and deviation of each channel, in the float32 that torchvision computes with. */
function perChannel(
  name: string,
  image: Image,
  mean: readonly number[],
  standardDeviation: readonly number[],
): [Float32Array, Float32Array] {
  const { channels } = image;
  if (mean.length !== 1 && mean.length !== channels)
    throw new RangeError(`${name} has statistics for ${mean.length} channels, the image has ${channels}`);
  const spread = (values: readonly number[]) =>
    Float32Array.from({ length: channels }, (_, c) => values[c] ?? values[0] ?? 0);
  return [spread(mean), spread(standardDeviation)];
}
