import { check, checkOptions, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import { type Box, cropImage } from '../geometry/crop.js';
import {
  type Fill,
  type ImagePadding,
  type PadMode,
  paddingRule,
  paddingSides,
  padImage,
  padRules,
} from '../geometry/pad.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';

/** The options of `randomCrop`. */
export interface RandomCropOptions {
  /** A border added before cropping, as for CIFAR: 4 pixels on each side. Default none. */
  readonly padding?: ImagePadding;
  /** What the border is. Default 'constant'. */
  readonly mode?: PadMode;
  /** Its value or value per channel in mode 'constant'. Default 0. */
  readonly fill?: Fill;
}

/**
 * Cuts a part of a fixed size out of a random place, each place as likely, as torchvision's RandomCrop.
 * @param size of the crop: a square's side, or [height, width]
 * @returns a random transform that draws the crop's box, in the padded image
 * @throws RangeError where an argument is wrong; when run, where the crop is larger than the padded image
 * @example
 * import { randomCrop, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomCrop(32, { padding: 4 })(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomCrop(size: Size2d, options: RandomCropOptions = {}): RandomTransform<Box> {
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  const {
    padding = 0,
    mode = 'constant',
    fill = 0,
  } = checkOptions<RandomCropOptions>('randomCrop', options, { ...padRules, padding: optional(paddingRule) });
  const sides = paddingSides(padding);
  const [left, top, right, bottom] = sides;
  return defineRandomTransform<Box>(
    'randomCrop',
    [size, options],
    (image, random) => {
      const rows = image.height + top + bottom - height;
      const columns = image.width + left + right - width;
      if (rows < 0 || columns < 0)
        throw new RangeError(
          `randomCrop of ${height} x ${width} (height x width) is larger than the image of ${image.height} x ${image.width} with its padding`,
        );
      return { top: random.integer(0, rows + 1), left: random.integer(0, columns + 1), height, width };
    },
    (image, box) => cropImage(padding === 0 ? image : padImage(image, sides, mode, fill), box),
  );
}
