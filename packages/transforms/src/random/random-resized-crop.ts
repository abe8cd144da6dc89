import { check, checkOptions, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import { positiveRange, shareRange } from '../arguments.js';
import { type Box, cropImage, roundHalfToEven } from '../geometry/crop.js';
import { type ResizeOptions, resizeImage, resizeRules } from '../geometry/resize.js';
import type { Image } from '../image/image.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';
import type { RandomGenerator } from './random-generator.js';

/** The options of `randomResizedCrop`. */
export interface RandomResizedCropOptions extends ResizeOptions {
  /** Lowest and highest share of the image's area. Default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Lowest and highest width / height. Default [3/4, 4/3]. */
  readonly ratio?: readonly [number, number];
}

/**
 * Inception's training crop (Szegedy et al. 2014, section 6): a part of random area, aspect ratio and place, resized. Area is
 * uniform, the aspect ratio's logarithm too; where ten tries do not fit, the largest middle part of a legal ratio. As
 * torchvision's RandomResizedCrop.
 * @param size of the result: a square's side, or [height, width]
 * @returns a random transform that draws the box which is resized
 * @throws RangeError where an argument is wrong
 * @example
 * import { randomResizedCrop, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomResizedCrop(24)(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomResizedCrop(size: Size2d, options: RandomResizedCropOptions = {}): RandomTransform<Box> {
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  const {
    scale = [0.08, 1],
    ratio = [3 / 4, 4 / 3],
    interpolation = 'bilinear',
  } = checkOptions<RandomResizedCropOptions>('randomResizedCrop', options, {
    ...resizeRules,
    scale: optional(shareRange),
    ratio: optional(positiveRange),
  });
  return defineRandomTransform(
    'randomResizedCrop',
    [size, options],
    (image, random) => drawBox(image, random, scale, ratio),
    (image, box) => resizeImage(cropImage(image, box), height, width, interpolation),
  );
}

function drawBox(
  image: Image,
  random: RandomGenerator,
  scale: readonly [number, number],
  ratio: readonly [number, number],
): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = image.width * image.height * random.uniform(...scale);
    const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = roundHalfToEven(Math.sqrt(area * aspect));
    const height = roundHalfToEven(Math.sqrt(area / aspect));
    if (width > 0 && height > 0 && width <= image.width && height <= image.height)
      return {
        top: random.integer(0, image.height - height + 1),
        left: random.integer(0, image.width - width + 1),
        height,
        width,
      };
  }
  const aspect = Math.min(Math.max(image.width / image.height, ratio[0]), ratio[1]);
  const width = Math.max(1, Math.min(image.width, roundHalfToEven(image.height * aspect)));
  const height = Math.max(1, Math.min(image.height, roundHalfToEven(image.width / aspect)));
  return {
    top: Math.floor((image.height - height) / 2),
    left: Math.floor((image.width - width) / 2),
    height,
    width,
  };
}
