/** Brightness, contrast, saturation and sharpness, as Pillow's ImageEnhance: a blend of the image with one without it. */
import { check, number } from '@cnnzoo/checks';
import { type ByteImage, blankImage, copyOfData, type Image, isFloat } from '../image/image.js';
import { blendWithLuma, blendWithSmooth, lumaSum } from '../simd/color.js';
import { defineTransform, type Transform } from '../transform.js';
import { luma } from './grayscale.js';
import { applyTable, colorChannels, mapFloats } from './lookup-table.js';

/**
 * Makes images brighter or darker: a blend with black.
 * @param factor 0 gives black, 1 the image, 2 twice as bright
 * @throws RangeError where factor is negative
 * @example
 * import { adjustBrightness } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustBrightness(1.2)(photo).width);
 */
export function adjustBrightness(factor: number): Transform {
  return enhancement('adjustBrightness', factor, () => 0);
}

/**
 * Raises or lowers the contrast: a blend with the image's mean grey.
 * @param factor 0 gives the image's mean grey, 1 the image, 2 twice the contrast
 * @throws RangeError where factor is negative
 * @example
 * import { adjustContrast } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustContrast(0.8)(photo).width);
 */
export function adjustContrast(factor: number): Transform {
  return enhancement('adjustContrast', factor, (image) => {
    const pixels = image.width * image.height;
    if (isFloat(image)) return sumOf(luma(image)) / pixels;
    return Math.trunc((lumaSum(image as ByteImage) ?? sumOf(luma(image))) / pixels + 0.5);
  });
}

/**
 * Raises or lowers the saturation: a blend with the grey image.
 * @param factor 0 gives a grey image, 1 the image, 2 twice the colour
 * @throws RangeError where factor is negative
 * @example
 * import { adjustSaturation } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustSaturation(1.5)(photo).width);
 */
export function adjustSaturation(factor: number): Transform {
  return enhancement('adjustSaturation', factor, luma, blendWithLuma);
}

/**
 * Sharpens or smooths: a blend with the smoothed image.
 * @param factor 0 gives a smoothed image, 1 the image, 2 a sharpened one
 * @throws RangeError where factor is negative
 * @example
 * import { adjustSharpness } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustSharpness(2)(photo).width);
 */
export function adjustSharpness(factor: number): Transform {
  return enhancement('adjustSharpness', factor, smooth, blendWithSmooth);
}

/** The image without the property: one value, or an image of one channel or of as many as the original. */
type Degenerate = number | Image;

function sumOf({ data }: Image): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum;
}

/** @param bySimd gives the same of an 8-bit image, or null where it cannot */
function enhancement(
  name: string,
  factor: number,
  degenerateOf: (image: Image) => Degenerate,
  bySimd: (image: ByteImage, factor: number) => Image | null = () => null,
): Transform {
  check('factor', factor, number(0));
  return defineTransform(name, [factor], (image) => {
    const result = isFloat(image) ? null : bySimd(image as ByteImage, Math.fround(factor));
    if (result !== null) return result;
    const degenerate = degenerateOf(image);
    return typeof degenerate === 'number'
      ? blendWithValue(image, degenerate, factor)
      : blend(image, degenerate, factor);
  });
}

/** degenerate + factor * (value - degenerate), in float32 as Pillow, cut off at black and white. */
function blended(degenerate: number, value: number, factor: number, highest: number): number {
  const result = Math.fround(degenerate + Math.fround(factor * (value - degenerate)));
  return result < 0 ? 0 : Math.min(result, highest);
}

function blendWithValue(image: Image, degenerate: number, factor: number): Image {
  const alpha = Math.fround(factor);
  if (isFloat(image)) return mapFloats(image, (value) => blended(degenerate, value, alpha, 1));
  const table = Uint8Array.from({ length: 256 }, (_, value) => blended(degenerate, value, alpha, 255));
  return applyTable(image as ByteImage, table);
}

function blend(image: Image, degenerate: Image, factor: number): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const out = result.data;
  const colors = colorChannels(image);
  const highest = isFloat(image) ? 1 : 255;
  const alpha = Math.fround(factor);
  // A degenerate image of one channel is the same in all colours.
  const pixelStep = degenerate.channels;
  const colorStep = degenerate.channels === 1 ? 0 : 1;
  for (let i = 0, pixel = 0; i < data.length; i += channels, pixel += pixelStep) {
    for (let c = 0; c < colors; c++)
      out[i + c] = blended(degenerate.data[pixel + c * colorStep] ?? 0, data[i + c] ?? 0, alpha, highest);
    if (colors < channels) out[i + colors] = data[i + colors] ?? 0;
  }
  return result;
}

/** Pillow's SMOOTH filter, (1 1 1, 1 5 1, 1 1 1) / 13. The outermost pixels stay. */
function smooth(image: Image): Image {
  const { data, width, height, channels } = image;
  const result = { ...image, data: copyOfData(image) };
  const rounding = isFloat(image) ? 0 : 0.5;
  const row = width * channels;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * (data[i] ?? 0);
      for (let from = i - row; from <= i + row; from += row)
        sum += (data[from - channels] ?? 0) + (data[from] ?? 0) + (data[from + channels] ?? 0);
      result.data[i] = sum / 13 + rounding;
    }
  return result;
}
