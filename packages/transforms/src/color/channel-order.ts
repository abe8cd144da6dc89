import { blankImage, copyOfData } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Swaps red and blue: RGB becomes BGR and back. OpenCV reads images as BGR, and Keras' weights in caffe mode want it.
 * @throws when run, RangeError on an image with fewer than 3 channels
 * @example
 * import { rgbToBgr } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(rgbToBgr()(photo).width);
 */
export function rgbToBgr(): Transform {
  return defineTransform('rgbToBgr', [], (image) => {
    const { channels } = image;
    if (channels < 3) throw new RangeError(`rgbToBgr needs at least 3 channels, the image has ${channels}`);
    const data = copyOfData(image);
    for (let i = 0; i < data.length; i += channels) {
      data[i] = image.data[i + 2] ?? 0;
      data[i + 2] = image.data[i] ?? 0;
    }
    return { ...image, data };
  });
}

/**
 * Makes RGB of grey and RGBA images, as Pillow's `convert('RGB')`: grey becomes three equal channels, alpha is dropped. A canvas' ImageData
 * is RGBA, networks expect RGB.
 * @throws when run, RangeError on an image with another number of channels than 1, 3 or 4
 * @example
 * import { toRgb } from '@cnnzoo/transforms';
 * const canvas = { data: new Uint8ClampedArray(64 * 48 * 4), width: 64, height: 48, channels: 4 };
 * console.log(toRgb()(canvas).channels); // 3
 */
export function toRgb(): Transform {
  return defineTransform('toRgb', [], (image) => {
    const { data, width, height, channels } = image;
    if (channels === 3) return image;
    if (channels !== 1 && channels !== 4)
      throw new RangeError(`toRgb needs 1, 3 or 4 channels, the image has ${channels}`);
    const result = blankImage(image, width, height, 3);
    const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
    for (let from = 0, to = 0; from < data.length; from += channels) {
      result.data[to++] = data[from] ?? 0;
      result.data[to++] = data[from + green] ?? 0;
      result.data[to++] = data[from + blue] ?? 0;
    }
    return result;
  });
}
