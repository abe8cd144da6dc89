/** The operations that AutoAugment, RandAugment and TrivialAugment choose from, with torchvision's meaning of magnitude. */

import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from '../color/enhance.js';
import { autocontrast, equalize, invert, posterize, solarize } from '../color/levels.js';
import { affineImage } from '../geometry/affine.js';
import { rotateImage } from '../geometry/rotate.js';
import type { WarpOptions } from '../geometry/warp.js';
import type { Image } from '../image/image.js';

type Operation = (image: Image, magnitude: number, options: WarpOptions) => Image;

const still = { angle: 0, translate: [0, 0], scale: 1, shear: [0, 0] } as const;
const degrees = (slope: number) => Math.atan(slope) * (180 / Math.PI);

const operations = {
  identity: (image) => image,
  /** The magnitude is the slope of vertical lines; the top left corner stays. */
  shearX: (image, magnitude, options) =>
    affineImage(image, { ...still, shear: [degrees(magnitude), 0] }, options, [0, 0]),
  shearY: (image, magnitude, options) =>
    affineImage(image, { ...still, shear: [0, degrees(magnitude)] }, options, [0, 0]),
  /** Pixels. */
  translateX: (image, magnitude, options) =>
    affineImage(image, { ...still, translate: [Math.trunc(magnitude), 0] }, options),
  translateY: (image, magnitude, options) =>
    affineImage(image, { ...still, translate: [0, Math.trunc(magnitude)] }, options),
  /** Degrees, counter-clockwise. */
  rotate: rotateImage,
  /** The magnitude of these four is what the factor has above 1. */
  brightness: (image, magnitude) => adjustBrightness(1 + magnitude)(image),
  color: (image, magnitude) => adjustSaturation(1 + magnitude)(image),
  contrast: (image, magnitude) => adjustContrast(1 + magnitude)(image),
  sharpness: (image, magnitude) => adjustSharpness(1 + magnitude)(image),
  /** Bits that are kept. */
  posterize: (image, magnitude) => posterize(Math.trunc(magnitude))(image),
  solarize: (image, magnitude) => solarize(magnitude)(image),
  autoContrast: (image) => autocontrast()(image),
  equalize: (image) => equalize()(image),
  invert: (image) => invert()(image),
} satisfies Record<string, Operation>;

/** An operation of AutoAugment, RandAugment and TrivialAugment. */
export type AugmentationName = keyof typeof operations;

/** One operation and how strongly it was applied, in the operation's unit. */
export interface Augmentation {
  readonly operation: AugmentationName;
  readonly magnitude: number;
}

export function applyAugmentations(image: Image, augmentations: readonly Augmentation[], options: WarpOptions): Image {
  return augmentations.reduce(
    (result, { operation, magnitude }) => (operations[operation] as Operation)(result, magnitude, options),
    image,
  );
}

/** From the weakest to the strongest magnitude of an operation; signed ones go both ways. */
export interface MagnitudeRange {
  readonly weakest: number;
  readonly strongest: number;
  readonly signed?: boolean;
  /** Rounded to a whole number. */
  readonly whole?: boolean;
}

/** The magnitude of one of `bins` steps, 0 the weakest. */
export function magnitudeOf({ weakest, strongest, whole = false }: MagnitudeRange, step: number, bins: number): number {
  const magnitude = bins === 1 ? weakest : weakest + ((strongest - weakest) * step) / (bins - 1);
  return whole ? Math.round(magnitude) : magnitude;
}

/** RandAugment's and AutoAugment's magnitudes; shifts go up to 150/331 of the image. */
export function magnitudeRanges({ width, height }: Image): Record<AugmentationName, MagnitudeRange> {
  return {
    identity: { weakest: 0, strongest: 0 },
    shearX: { weakest: 0, strongest: 0.3, signed: true },
    shearY: { weakest: 0, strongest: 0.3, signed: true },
    translateX: { weakest: 0, strongest: (150 / 331) * width, signed: true },
    translateY: { weakest: 0, strongest: (150 / 331) * height, signed: true },
    rotate: { weakest: 0, strongest: 30, signed: true },
    brightness: { weakest: 0, strongest: 0.9, signed: true },
    color: { weakest: 0, strongest: 0.9, signed: true },
    contrast: { weakest: 0, strongest: 0.9, signed: true },
    sharpness: { weakest: 0, strongest: 0.9, signed: true },
    posterize: { weakest: 8, strongest: 4, whole: true },
    solarize: { weakest: 255, strongest: 0 },
    autoContrast: { weakest: 0, strongest: 0 },
    equalize: { weakest: 0, strongest: 0 },
    invert: { weakest: 0, strongest: 0 },
  };
}
