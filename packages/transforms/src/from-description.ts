import { affine } from './affine.js';
import { autoAugment } from './auto-augment.js';
import { rgbToBgr } from './channel-order.js';
import { colorJitter } from './color-jitter.js';
import { compose } from './compose.js';
import { centerCrop, crop } from './crop.js';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './enhance.js';
import { horizontalFlip, verticalFlip } from './flip.js';
import { gaussianBlur } from './gaussian-blur.js';
import { grayscale } from './grayscale.js';
import { adjustHue } from './hue.js';
import { autocontrast, equalize, invert, posterize, solarize } from './levels.js';
import { pcaLighting } from './lighting.js';
import { type BatchTransform, cutmix, mixup } from './mix-batch.js';
import { denormalize, normalize } from './normalize.js';
import { pad } from './pad.js';
import { perspective } from './perspective.js';
import { randAugment } from './rand-augment.js';
import { randomApply, randomHorizontalFlip, randomVerticalFlip } from './random-apply.js';
import { randomGaussianBlur } from './random-blur.js';
import { randomCrop } from './random-crop.js';
import { randomErasing } from './random-erasing.js';
import { randomAffine, randomPerspective, randomRotation } from './random-geometry.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { resize, resizedCrop } from './resize.js';
import { rotate } from './rotate.js';
import { scaleJitter } from './scale-jitter.js';
import { toBytes, toTensor } from './to-tensor.js';
import type { Transform, TransformDescription } from './transform.js';
import { trivialAugment } from './trivial-augment.js';

/** The arguments of a description are those that its factory was called with, so they fit. */
type Factory = (...args: never[]) => Transform;

// A literal, not a Map made of it: a bundler keeps what a call at import time might need.
const factories: Readonly<Record<string, Factory>> = {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  affine,
  autoAugment,
  autocontrast,
  centerCrop,
  colorJitter,
  crop,
  denormalize,
  equalize,
  gaussianBlur,
  grayscale,
  horizontalFlip,
  invert,
  normalize,
  pad,
  pcaLighting,
  perspective,
  posterize,
  randAugment,
  randomAffine,
  randomCrop,
  randomErasing,
  randomGaussianBlur,
  randomHorizontalFlip,
  randomPerspective,
  randomResizedCrop,
  randomRotation,
  randomVerticalFlip,
  resize,
  resizedCrop,
  rgbToBgr,
  rotate,
  scaleJitter,
  solarize,
  toBytes,
  toTensor,
  trivialAugment,
  verticalFlip,
};

/**
 * Makes a transform again from its `description`, which is plain data: so a loader's worker threads run the same transform.
 * @param description of one of this package's transforms
 * @throws RangeError where there is no transform of that name
 * @example
 * import { fromDescription, resize } from '@cnnzoo/transforms';
 * const { description } = resize(256);
 * if (description) console.log(fromDescription(JSON.parse(JSON.stringify(description))).description);
 */
export function fromDescription(description: TransformDescription): Transform {
  const { name, arguments: args } = description;
  if (name === 'compose') return compose((args[0] as TransformDescription[]).map(fromDescription));
  if (name === 'randomApply') {
    const [transform, probability] = args as [TransformDescription, number];
    return randomApply(fromDescription(transform), probability);
  }
  if (!Object.hasOwn(factories, name)) throw new RangeError(`no transform is called '${name}'`);
  const factory = factories[name] as (...args: readonly unknown[]) => Transform;
  return factory(...args);
}

/**
 * Makes a mixer of batches again from its `description`.
 * @example
 * import { batchTransformFromDescription, mixup } from '@cnnzoo/transforms';
 * const again = batchTransformFromDescription(mixup({ numClasses: 10 }).description);
 */
export function batchTransformFromDescription({ name, options }: BatchTransform['description']): BatchTransform {
  return name === 'mixup' ? mixup(options) : cutmix(options);
}
