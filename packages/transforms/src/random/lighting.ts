import { check, number } from '@cnnzoo/checks';
import { blankImage, isFloat } from '../image/image.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';

/** Of the RGB values (0 to 1) of ImageNet's training images: each row one principal component [red, green, blue]. */
const eigenvectors = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;
const eigenvalues = [0.2175, 0.0188, 0.0045] as const;

/**
 * AlexNet's colour augmentation (Krizhevsky et al. 2012, section 4.1): adds to every pixel the principal components of
 * ImageNet's colours, each times its eigenvalue and a random number.
 * @param standardDeviation of the random numbers. Default 0.1, the paper's
 * @returns a random transform that draws the three numbers
 * @throws when run, RangeError on an image without red, green and blue
 * @example
 * import { pcaLighting, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = pcaLighting()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function pcaLighting(standardDeviation = 0.1): RandomTransform<{ alphas: readonly number[] }> {
  check('standardDeviation', standardDeviation, number(0));
  return defineRandomTransform(
    'pcaLighting',
    [standardDeviation],
    (_, random) => ({ alphas: eigenvalues.map(() => random.normal(0, standardDeviation)) }),
    (image, { alphas }) => {
      const { data, width, height, channels } = image;
      if (channels < 3)
        throw new RangeError(`pcaLighting needs red, green and blue, the image has ${channels} channel`);
      const result = blankImage(image, width, height);
      const highest = isFloat(image) ? 1 : 255;
      const shifts = [0, 1, 2].map((channel) =>
        eigenvalues.reduce(
          (sum, value, component) => sum + (eigenvectors[component]?.[channel] ?? 0) * value * (alphas[component] ?? 0),
          0,
        ),
      );
      for (let i = 0; i < data.length; i++) {
        const shifted = (data[i] ?? 0) + (shifts[i % channels] ?? 0) * highest;
        result.data[i] = isFloat(image) ? shifted : Math.min(255, Math.max(0, Math.round(shifted)));
      }
      return result;
    },
  );
}
