import { check, integer, type Rule, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import { fields } from '../arguments.js';
import { blankImage, type Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { padImage } from './pad.js';

/** A part of an image, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export const boxRule: Rule<Box> = /* @__PURE__ */ fields<Box>({
  top: /* @__PURE__ */ integer(0),
  left: /* @__PURE__ */ integer(0),
  height: /* @__PURE__ */ integer(1),
  width: /* @__PURE__ */ integer(1),
});

/**
 * Cuts a part out of an image.
 * @param box the part, in pixels
 * @throws RangeError where a number is wrong; when run, where the part reaches out of the image
 * @example
 * import { crop } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(crop({ top: 8, left: 0, height: 32, width: 32 })(photo).width); // 32
 */
export function crop(box: Box): Transform {
  check('box', box, boxRule);
  return defineTransform('crop', [box], (image) => cropImage(image, box));
}

/**
 * Cuts out the middle of an image, as torchvision's center_crop. An image smaller than the crop gets a black border.
 * @param size of the crop: a square's side, or [height, width]
 * @example
 * import { centerCrop } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(centerCrop(32)(photo).width); // 32
 */
export function centerCrop(size: Size2d): Transform {
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  return defineTransform('centerCrop', [size], (image) => centerCropImage(image, height, width));
}

export function centerCropImage(image: Image, height: number, width: number): Image {
  const missingWidth = Math.max(0, width - image.width);
  const missingHeight = Math.max(0, height - image.height);
  const left = Math.floor(missingWidth / 2);
  const top = Math.floor(missingHeight / 2);
  const padded =
    missingWidth + missingHeight === 0
      ? image
      : padImage(image, [left, top, missingWidth - left, missingHeight - top], 'constant', 0);
  return cropImage(padded, centerBox(padded, height, width));
}

/** The middle of an image, rounded as torchvision rounds. */
export function centerBox(image: Image, height: number, width: number): Box {
  return {
    top: roundHalfToEven((image.height - height) / 2),
    left: roundHalfToEven((image.width - width) / 2),
    height,
    width,
  };
}

export function cropImage(image: Image, { top, left, height, width }: Box): Image {
  if (top < 0 || left < 0 || top + height > image.height || left + width > image.width)
    throw new RangeError(
      `crop of ${height} x ${width} (height x width) at top ${top}, left ${left} reaches out of the image of ${image.height} x ${image.width}`,
    );
  const { channels } = image;
  const result = blankImage(image, width, height);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    result.data.set(image.data.subarray(start, start + width * channels), y * width * channels);
  }
  return result;
}

/** Python's round, which torchvision uses: a half goes to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
