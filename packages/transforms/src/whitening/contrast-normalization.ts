import { check, positive } from '@cnnzoo/checks';
import { isFloat } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Images of less contrast stay as they are, minus their mean: one that has a single colour has a norm that is rounding alone. Among images that differ, of 8
 * bits a value, the smallest norm is 0.004.
 */
const smallestNorm = 1e-4;

/**
 * Global contrast normalization: each image minus its mean over all pixels and channels, divided by its norm, times `scale`. As pylearn2's
 * `global_contrast_normalize`, computed in float64. Networks of `@cnnzoo/blocks` do it themselves if they are built with the option `whitening`.
 * @param scale the norm of the result; 55 in the papers on CIFAR
 * @throws TypeError or RangeError for another scale than a number above 0; when run, TypeError on an 8-bit image
 * @example
 * import { compose, globalContrastNormalization, toTensor } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(32 * 32 * 3).fill(7, 0, 99), width: 32, height: 32, channels: 3 };
 * const { data } = compose([toTensor(), globalContrastNormalization()])(photo);
 * console.log(Math.hypot(...data).toFixed(3)); // 55.000
 */
export function globalContrastNormalization(scale = 55): Transform {
  check('scale', scale, positive);
  return defineTransform('globalContrastNormalization', [scale], (image) => {
    if (!isFloat(image))
      throw new TypeError(
        'globalContrastNormalization needs a float image, got an 8-bit one; put toTensor() before it',
      );
    const { data } = image;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const norm = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    const factor = norm < smallestNorm ? 1 : scale / norm;
    return { ...image, data: data.map((value) => (value - mean) * factor) };
  });
}
