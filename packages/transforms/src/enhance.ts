/** Brightness, contrast, saturation and sharpness, as Pillow's ImageEnhance: a blend of the picture with one without it. */
import { checkNumber } from './check-argument.js';
import { luma } from './grayscale.js';
import { blankImage, type Image, isFloat } from './image.js';
import { colorChannels } from './lookup-table.js';
import { defineTransform, type Transform } from './transform.js';

/**
 * @param factor 0 gives black, 1 the picture, 2 twice as bright
 * @throws RangeError where factor is negative
 */
export function adjustBrightness(factor: number): Transform {
  return enhancement('adjustBrightness', factor, () => () => 0);
}

/**
 * @param factor 0 gives the picture's mean grey, 1 the picture, 2 twice the contrast
 * @throws RangeError where factor is negative
 */
export function adjustContrast(factor: number): Transform {
  return enhancement('adjustContrast', factor, (image) => {
    const { data } = luma(image);
    let sum = 0;
    for (const value of data) sum += value;
    const mean = isFloat(image) ? sum / data.length : Math.trunc(sum / data.length + 0.5);
    return () => mean;
  });
}

/**
 * @param factor 0 gives a grey picture, 1 the picture, 2 twice the colour
 * @throws RangeError where factor is negative
 */
export function adjustSaturation(factor: number): Transform {
  return enhancement('adjustSaturation', factor, (image) => {
    const { data } = luma(image);
    return (pixel) => data[pixel] ?? 0;
  });
}

/**
 * @param factor 0 gives a smoothed picture, 1 the picture, 2 a sharpened one
 * @throws RangeError where factor is negative
 */
export function adjustSharpness(factor: number): Transform {
  return enhancement('adjustSharpness', factor, (image) => {
    const { data, channels } = smooth(image);
    return (pixel, channel) => data[pixel * channels + channel] ?? 0;
  });
}

/** The value of the picture without the property, at a pixel and a channel. */
type Degenerate = (pixel: number, channel: number) => number;

function enhancement(name: string, factor: number, degenerateOf: (image: Image) => Degenerate): Transform {
  checkNumber('factor', factor, 0);
  return defineTransform(name, [factor], (image) => blend(image, degenerateOf(image), factor));
}

/** degenerate + factor * (image - degenerate), in float32 as Pillow, cut off at black and white. Alpha stays. */
function blend(image: Image, degenerate: Degenerate, factor: number): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const out = result.data;
  const colors = colorChannels(image);
  const highest = isFloat(image) ? 1 : 255;
  const alpha = Math.fround(factor);
  for (let pixel = 0, i = 0; pixel < width * height; pixel++)
    for (let c = 0; c < channels; c++, i++) {
      const value = data[i] ?? 0;
      if (c >= colors) {
        out[i] = value;
        continue;
      }
      const base = degenerate(pixel, c);
      const blended = Math.fround(base + Math.fround(alpha * (value - base)));
      out[i] = Math.min(Math.max(blended, 0), highest);
    }
  return result;
}

/** Pillow's SMOOTH filter, (1 1 1, 1 5 1, 1 1 1) / 13. The outermost pixels stay. */
function smooth(image: Image): Image {
  const { data, width, height, channels } = image;
  const result = { ...image, data: data.slice() };
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
