import { copyOfData } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Swaps red and blue: RGB becomes BGR and back. OpenCV reads pictures as BGR, and Keras' weights in caffe mode want it.
 * @throws when run, RangeError on a picture with fewer than 3 channels
 * @example
 * import { rgbToBgr } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(rgbToBgr()(photo).width);
 */
export function rgbToBgr(): Transform {
  return defineTransform('rgbToBgr', [], (image) => {
    const { channels } = image;
    if (channels < 3) throw new RangeError(`rgbToBgr needs at least 3 channels, the picture has ${channels}`);
    const data = copyOfData(image);
    for (let i = 0; i < data.length; i += channels) {
      data[i] = image.data[i + 2] ?? 0;
      data[i + 2] = image.data[i] ?? 0;
    }
    return { ...image, data };
  });
}
