import { check, oneOf } from '@cnnzoo/checks';
import { blankImage, type Image, isFloat } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Takes the colour out of an image: ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B.
 * @param channels of the result: 1, or 3 equal ones for a network that wants RGB. Default 1. Alpha is dropped
 * @example
 * import { grayscale } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(grayscale(3)(photo).width);
 */
export function grayscale(channels: 1 | 3 = 1): Transform {
  check('channels', channels, oneOf([1, 3]));
  return defineTransform('grayscale', [channels], (image) => {
    const gray = luma(image);
    if (channels === 1) return gray;
    const result = blankImage(image, image.width, image.height, 3);
    for (let i = 0; i < result.data.length; i++) result.data[i] = gray.data[Math.floor(i / 3)] ?? 0;
    return result;
  });
}

/** The image in grey, with one channel. 8-bit values are Pillow's, in 16-bit fixed point; floats are torchvision's. */
export function luma(image: Image): Image {
  const { data, width, height, channels } = image;
  if (channels === 1) return image;
  const result = blankImage(image, width, height, 1);
  const out = result.data;
  if (isFloat(image))
    for (let i = 0, from = 0; i < out.length; i++, from += channels)
      out[i] = 0.2989 * (data[from] ?? 0) + 0.587 * (data[from + 1] ?? 0) + 0.114 * (data[from + 2] ?? 0);
  else
    for (let i = 0, from = 0; i < out.length; i++, from += channels)
      out[i] =
        (19595 * (data[from] ?? 0) + 38470 * (data[from + 1] ?? 0) + 7471 * (data[from + 2] ?? 0) + 0x8000) >> 16;
  return result;
}
