import { check, number } from '@cnnzoo/checks';
import { type ByteImage, isFloat } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { applyTable, mapFloats } from './lookup-table.js';

/**
 * Gamma correction, gain * value ^ gamma of values 0 to 1, as torchvision's adjust_gamma. Alpha stays (torchvision sets it to 255).
 * @param gamma above 1 makes shadows darker, below 1 lighter
 * @param gain factor of the result. Default 1
 * @throws RangeError where an argument is negative or no number
 * @example
 * import { adjustGamma } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustGamma(2.2)(photo).width);
 */
export function adjustGamma(gamma: number, gain = 1): Transform {
  check('gamma', gamma, number(0));
  check('gain', gain, number(0));
  return defineTransform('adjustGamma', [gamma, gain], (image) => {
    if (isFloat(image)) return mapFloats(image, (value) => Math.min(1, Math.max(0, gain * value ** gamma)));
    const table = Uint8Array.from({ length: 256 }, (_, value) =>
      Math.min(255, Math.trunc((255 + 1 - 1e-3) * gain * (value / 255) ** gamma)),
    );
    return applyTable(image as ByteImage, table);
  });
}
