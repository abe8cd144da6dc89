import { check, checkOptions, integer, optional } from '@cnnzoo/checks';
import { type WarpOptions, warpRules } from '../geometry/warp.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';
import {
  type Augmentation,
  type AugmentationName,
  applyAugmentations,
  magnitudeOf,
  magnitudeRanges,
} from './augmentation.js';

/** The options of `randAugment`. */
export interface RandAugmentOptions extends WarpOptions {
  /** Operations one after the other. Default 2. */
  readonly operations?: number;
  /** Strength, 0 to `bins - 1`. Default 9. */
  readonly magnitude?: number;
  /** Steps of strength. Default 31. */
  readonly bins?: number;
}

/** What was drawn: the operations in their order. */
export interface DrawnAugmentations {
  readonly operations: readonly Augmentation[];
}

/** All operations but invert, each as likely. */
export const randAugmentOperations = [
  'identity',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
  'rotate',
  'brightness',
  'color',
  'contrast',
  'sharpness',
  'posterize',
  'solarize',
  'autoContrast',
  'equalize',
] as const satisfies readonly AugmentationName[];

/**
 * RandAugment (Cubuk et al. 2019): a few operations chosen at random, all of one strength, as torchvision's. For 8-bit
 * images, so before toTensor.
 * @returns a random transform that draws the operations
 * @throws RangeError where an argument is wrong
 * @example
 * import { randAugment, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randAugment()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randAugment(options: RandAugmentOptions = {}): RandomTransform<DrawnAugmentations> {
  const {
    operations = 2,
    magnitude = 9,
    bins = 31,
  } = checkOptions<RandAugmentOptions>('randAugment', options, {
    ...warpRules,
    operations: optional(integer(1)),
    magnitude: optional(integer(0)),
    bins: optional(integer(1)),
  });
  check('magnitude', magnitude, integer(0, bins - 1));
  return defineRandomTransform<DrawnAugmentations>(
    'randAugment',
    [options],
    (image, random) => {
      const ranges = magnitudeRanges(image);
      return {
        operations: Array.from({ length: operations }, () => {
          const operation = randAugmentOperations[random.integer(0, randAugmentOperations.length)] ?? 'identity';
          const strength = magnitudeOf(ranges[operation], magnitude, bins);
          return { operation, magnitude: ranges[operation].signed && random.uniform() < 0.5 ? -strength : strength };
        }),
      };
    },
    (image, drawn) => applyAugmentations(image, drawn.operations, options),
  );
}
