import { check, rule } from '@cnnzoo/checks';
import type { Preprocessing } from '@cnnzoo/metadata';
import { denormalize, grayscale, type Image, resize, toBytes, toRgb } from '@cnnzoo/transforms';
import { imageRule } from '../image-rule.js';
import { colorAt, inferno } from './color-map.js';

/** Where in an image a network sees a class. */
export interface ClassActivationMap {
  /** The class. */
  readonly index: number;
  /** Its category in the model's metadata, or its index. */
  readonly category: string;
  readonly probability: number;
  /** The layer whose feature map it is of. */
  readonly layer: string;
  /** [height, width] of `values`: the feature map's. */
  readonly size: readonly [height: number, width: number];
  /** Row by row; as the paper has them, not scaled. */
  readonly values: Float32Array;
  /** The crop that the network saw, with the map over it: 8-bit RGB. */
  readonly overlay: Image;
}

/** The share of the overlay that is the map's. */
const opacity = 0.5;

const mapRule = /* @__PURE__ */ rule<Pick<ClassActivationMap, 'values' | 'size'>>(
  'a map: size [height, width], height * width values',
  (map) => {
    const { values, size } = Object(map) as Partial<ClassActivationMap>;
    return (
      values instanceof Float32Array && Array.isArray(size) && values.length > 0 && values.length === size[0] * size[1]
    );
  },
);

/**
 * A class activation map over an image of your own: scaled to 0 to 1, enlarged bilinearly, coloured. The map's own `overlay` has the crop that the network saw;
 * this is for the photograph that the crop was made of, in its own size.
 * @param map what `classActivationMap` and `gradCam` return, or its `values` and `size`
 * @param image the part of the photograph that the network saw: 8-bit, or floats from 0 to 1; grey, RGB or RGBA
 * @returns 8-bit RGB of the image's size
 * @throws TypeError for what is no map or no image; RangeError for an image with another number of channels
 * @example
 * import { activationOverlay, classActivationMap, toPng } from '@cnnzoo/evaluate';
 * const map = await classActivationMap(model, image);
 * const png = await toPng(activationOverlay(map, image));
 */
export function activationOverlay(map: Pick<ClassActivationMap, 'values' | 'size'>, image: Image): Image {
  const { values, size } = check('map', map, mapRule);
  const [height, width] = size;
  const lowest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const highest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const range = highest - lowest || 1;
  const pixels = toBytes()(toRgb()(check('image', image, imageRule)));
  const scaled = { data: values.map((value) => (value - lowest) / range), width, height, channels: 1 };
  const enlarged = resize([pixels.height, pixels.width])(scaled);
  const data = new Uint8Array(pixels.data.length);
  for (let pixel = 0; pixel < enlarged.data.length; pixel++)
    for (const [c, value] of colorAt(inferno, enlarged.data[pixel] ?? 0).entries())
      data[pixel * 3 + c] = Math.round(opacity * value + (1 - opacity) * (pixels.data[pixel * 3 + c] ?? 0));
  return { ...pixels, data };
}

/** The map over what the network saw, normalized. */
export function overlayOf(
  seen: Image,
  values: Float32Array,
  size: readonly [number, number],
  preprocessing: Preprocessing | null,
): Image {
  return activationOverlay({ values, size }, asRgbBytes(seen, preprocessing));
}

/** What the network saw as something to look at. */
function asRgbBytes(seen: Image, preprocessing: Preprocessing | null): Image {
  const pixels = preprocessing === null ? stretched(seen) : denormalize(preprocessing.mean, preprocessing.std)(seen);
  const { data, channels } = pixels;
  // Of other numbers of channels the first is shown.
  const shown =
    channels === 1 || channels === 3
      ? pixels
      : { ...pixels, channels: 1, data: data.filter((_, i) => i % channels === 0) };
  return toBytes()(shown.channels === 3 ? shown : grayscale(3)(shown));
}

/** The darkest value becomes black, the brightest white. */
function stretched(image: Image): Image {
  const values = Float32Array.from(image.data);
  const lowest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const highest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return { ...image, data: values.map((value) => (value - lowest) / (highest - lowest || 1)) };
}
