import { check, checkOptions, integer } from '@cnnzoo/checks';
import { type ResizeOptions, resizeImage, resizeRules, shorterSide } from '../geometry/resize.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';

/**
 * VGG's multi-scale training: the shorter side gets a random length S, each as likely (Simonyan and Zisserman 2014, section
 * 3.1); a random crop of 224 follows it.
 * @param smallest length of the shorter side in pixels. Default 256
 * @param largest Default 512
 * @returns a random transform that draws the shorter side
 * @example
 * import { scaleJitter, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = scaleJitter(256, 512)(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function scaleJitter(
  smallest = 256,
  largest = 512,
  options: ResizeOptions = {},
): RandomTransform<{ shorterSide: number }> {
  check('smallest', smallest, integer(1));
  check('largest', largest, integer(smallest));
  const { interpolation = 'bilinear' } = checkOptions<ResizeOptions>('scaleJitter', options, resizeRules);
  return defineRandomTransform(
    'scaleJitter',
    [smallest, largest, options],
    (_, random) => ({ shorterSide: random.integer(smallest, largest + 1) }),
    (image, drawn) => {
      const [height, width] = shorterSide(image, drawn.shorterSide);
      return resizeImage(image, height, width, interpolation);
    },
  );
}
