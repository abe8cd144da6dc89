import { checkOptions, integer, optional } from '@cnnzoo/checks';
import { type WarpOptions, warpRules } from '../geometry/warp.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';
import { type AugmentationName, applyAugmentations, type MagnitudeRange, magnitudeOf } from './augmentation.js';
import { type DrawnAugmentations, randAugmentOperations } from './rand-augment.js';

/** The options of `trivialAugment`. */
export interface TrivialAugmentOptions extends WarpOptions {
  /** Steps of strength. Default 31. */
  readonly bins?: number;
}

/** The wide space of the paper's table; posterize keeps 2 to 8 bits. */
const ranges: Record<Exclude<AugmentationName, 'invert'>, MagnitudeRange> = {
  identity: { weakest: 0, strongest: 0 },
  shearX: { weakest: 0, strongest: 0.99, signed: true },
  shearY: { weakest: 0, strongest: 0.99, signed: true },
  translateX: { weakest: 0, strongest: 32, signed: true },
  translateY: { weakest: 0, strongest: 32, signed: true },
  rotate: { weakest: 0, strongest: 135, signed: true },
  brightness: { weakest: 0, strongest: 0.99, signed: true },
  color: { weakest: 0, strongest: 0.99, signed: true },
  contrast: { weakest: 0, strongest: 0.99, signed: true },
  sharpness: { weakest: 0, strongest: 0.99, signed: true },
  posterize: { weakest: 8, strongest: 2, whole: true },
  solarize: { weakest: 255, strongest: 0 },
  autoContrast: { weakest: 0, strongest: 0 },
  equalize: { weakest: 0, strongest: 0 },
};

/**
 * TrivialAugment Wide (Müller and Hutter 2021): one operation of a random strength, as torchvision's TrivialAugmentWide. For
 * 8-bit images, so before toTensor.
 * @returns a random transform that draws the operation
 * @example
 * import { trivialAugment, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = trivialAugment()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function trivialAugment(options: TrivialAugmentOptions = {}): RandomTransform<DrawnAugmentations> {
  const { bins = 31 } = checkOptions<TrivialAugmentOptions>('trivialAugment', options, {
    ...warpRules,
    bins: optional(integer(1)),
  });
  return defineRandomTransform<DrawnAugmentations>(
    'trivialAugment',
    [options],
    (_, random) => {
      const operation = randAugmentOperations[random.integer(0, randAugmentOperations.length)] ?? 'identity';
      const strength = magnitudeOf(ranges[operation], random.integer(0, bins), bins);
      const magnitude = ranges[operation].signed && random.uniform() < 0.5 ? -strength : strength;
      return { operations: [{ operation, magnitude }] };
    },
    (image, drawn) => applyAugmentations(image, drawn.operations, options),
  );
}
