import { check } from '@cnnzoo/checks';
import { positiveRange } from '../arguments.js';
import { gaussianBlur } from '../color/gaussian-blur.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';

/**
 * Blurs an image with a Gaussian of random width, as torchvision's GaussianBlur.
 * @param kernelSize an odd number of pixels
 * @param sigma lowest and highest standard deviation in pixels. Default [0.1, 2]
 * @example
 * import { randomGaussianBlur, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomGaussianBlur(5)(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomGaussianBlur(
  kernelSize: number,
  sigma: readonly [number, number] = [0.1, 2],
): RandomTransform<{ sigma: number }> {
  check('sigma', sigma, positiveRange);
  gaussianBlur(kernelSize, sigma[0]);
  return defineRandomTransform(
    'randomGaussianBlur',
    [kernelSize, sigma],
    (_, random) => ({ sigma: random.uniform(...sigma) }),
    (image, drawn) => gaussianBlur(kernelSize, drawn.sigma)(image),
  );
}
