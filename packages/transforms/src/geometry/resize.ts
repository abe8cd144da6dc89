import { check, checkOptions, type OptionRules, oneOf, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import { type Interpolation, interpolations } from '../image/filter.js';
import { blankImage, type Image } from '../image/image.js';
import { withPremultipliedAlpha } from '../image/premultiply.js';
import { resample } from '../image/resample.js';
import { defineTransform, type Transform } from '../transform.js';
import { type Box, boxRule, cropImage } from './crop.js';

/** The options of `resize`. */
export interface ResizeOptions {
  /** Default 'bilinear'. All but 'nearest' are antialiased. */
  readonly interpolation?: Interpolation;
}

export const resizeRules: OptionRules<ResizeOptions> = {
  interpolation: /* @__PURE__ */ optional(/* @__PURE__ */ oneOf(interpolations)),
};

/**
 * Resizes an image, as torchvision's resize of a Pillow image, pixel for pixel.
 * @param size a number: the shorter side's new length, the other in proportion; a pair: [height, width]
 * @throws RangeError where an argument is wrong
 * @example
 * import { resize } from '@cnnzoo/transforms';
 * const { width, height } = resize(256)({ data: new Uint8Array(500 * 375 * 3), width: 500, height: 375, channels: 3 });
 * console.log(width, height); // 341 256
 */
export function resize(size: Size2d, options: ResizeOptions = {}): Transform {
  check('size', size, size2d<never>(1));
  const { interpolation = 'bilinear' } = checkOptions<ResizeOptions>('resize', options, resizeRules);
  return defineTransform('resize', [size, options], (image) => {
    const [height, width] = typeof size === 'number' ? shorterSide(image, size) : size;
    return resizeImage(image, height, width, interpolation);
  });
}

/**
 * Cuts a part out of an image and resizes it: what RandomResizedCrop does with what it drew.
 * @param box the part, in pixels
 * @param size of the result: a square's side, or [height, width]
 * @example
 * import { resizedCrop } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(resizedCrop({ top: 0, left: 0, height: 48, width: 48 }, 24)(photo).width); // 24
 */
export function resizedCrop(box: Box, size: Size2d, options: ResizeOptions = {}): Transform {
  check('box', box, boxRule);
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  const { interpolation = 'bilinear' } = checkOptions<ResizeOptions>('resizedCrop', options, resizeRules);
  return defineTransform('resizedCrop', [box, size, options], (image) =>
    resizeImage(cropImage(image, box), height, width, interpolation),
  );
}

/** Height and width of an image whose shorter side has a new length; the longer one is rounded down. */
export function shorterSide({ width, height }: Image, size: number): readonly [height: number, width: number] {
  return width <= height ? [Math.trunc((size * height) / width), size] : [size, Math.trunc((size * width) / height)];
}

export function resizeImage(image: Image, height: number, width: number, interpolation: Interpolation): Image {
  if (height === image.height && width === image.width) return image;
  if (interpolation === 'nearest') return nearest(image, height, width);
  return withPremultipliedAlpha(image, (premultiplied) => resample(premultiplied, height, width, interpolation));
}

function nearest(image: Image, height: number, width: number): Image {
  const { data, channels } = image;
  const result = blankImage(image, width, height);
  const columns = nearestPlaces(image.width, width);
  let to = 0;
  for (const row of nearestPlaces(image.height, height))
    for (const column of columns) {
      const from = (row * image.width + column) * channels;
      for (let c = 0; c < channels; c++) result.data[to++] = data[from + c] ?? 0;
    }
  return result;
}

/** The old place nearest to each new one. The position is added up step by step, as Pillow does, for the same rounding. */
function nearestPlaces(inSize: number, outSize: number): Int32Array {
  const scale = inSize / outSize;
  let position = scale * 0.5;
  return Int32Array.from({ length: outSize }, () => {
    const place = Math.trunc(position);
    position += scale;
    return Math.min(place, inSize - 1);
  });
}
