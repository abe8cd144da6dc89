import { check, type Rule, rule } from '@cnnzoo/checks';
import { rgbToBgr, toRgb } from './color/channel-order.js';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color/enhance.js';
import { adjustGamma } from './color/gamma.js';
import { gaussianBlur } from './color/gaussian-blur.js';
import { grayscale } from './color/grayscale.js';
import { adjustHue } from './color/hue.js';
import { autocontrast, equalize, invert, posterize, solarize } from './color/levels.js';
import { compose } from './compose.js';
import { affine } from './geometry/affine.js';
import { centerCrop, crop } from './geometry/crop.js';
import { horizontalFlip, verticalFlip } from './geometry/flip.js';
import { pad } from './geometry/pad.js';
import { perspective } from './geometry/perspective.js';
import { resize, resizedCrop } from './geometry/resize.js';
import { rotate } from './geometry/rotate.js';
import { denormalize, normalize } from './image/normalize.js';
import { toBytes, toTensor } from './image/to-tensor.js';
import { autoAugment } from './policies/auto-augment.js';
import { randAugment } from './policies/rand-augment.js';
import { trivialAugment } from './policies/trivial-augment.js';
import { colorJitter } from './random/color-jitter.js';
import { pcaLighting } from './random/lighting.js';
import { type BatchTransform, cutmix, mixup } from './random/mix-batch.js';
import { randomApply, randomHorizontalFlip, randomVerticalFlip } from './random/random-apply.js';
import { randomGaussianBlur } from './random/random-blur.js';
import { randomCrop } from './random/random-crop.js';
import { randomErasing } from './random/random-erasing.js';
import { randomAffine, randomPerspective, randomRotation } from './random/random-geometry.js';
import { randomResizedCrop } from './random/random-resized-crop.js';
import { scaleJitter } from './random/scale-jitter.js';
import type { Transform, TransformDescription } from './transform.js';
import { globalContrastNormalization } from './whitening/contrast-normalization.js';

/** The arguments of a description are those that its factory was called with, so they fit. */
type Factory = (...args: never[]) => Transform;

// A literal, not a Map made of it: a bundler keeps what a call at import time might need.
const factories: Readonly<Record<string, Factory>> = {
  adjustBrightness,
  adjustContrast,
  adjustGamma,
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
  globalContrastNormalization,
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
  toRgb,
  toTensor,
  trivialAugment,
  verticalFlip,
};

const descriptionRule: Rule<TransformDescription> = /* @__PURE__ */ rule<TransformDescription>(
  'the description of a transform: { name, arguments }',
  (value) => {
    const { name, arguments: args } = (value ?? {}) as Partial<TransformDescription>;
    return typeof name === 'string' && Array.isArray(args);
  },
);

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
  const { name, arguments: args } = check('description', description, descriptionRule);
  if (name === 'compose') return compose((args[0] as TransformDescription[]).map(fromDescription));
  if (name === 'randomApply') {
    const [transform, probability] = args as [TransformDescription, number];
    return randomApply(fromDescription(transform), probability);
  }
  if (!Object.hasOwn(factories, name)) throw new RangeError(`no transform is called '${name}'`);
  const factory = factories[name] as (...args: readonly unknown[]) => Transform;
  return factory(...args);
}

const batchDescriptionRule = /* @__PURE__ */ rule<BatchTransform['description']>(
  "the description of a batch transform: { name: 'mixup' or 'cutmix', options }",
  (value) => {
    const { name } = (value ?? {}) as Partial<BatchTransform['description']>;
    return name === 'mixup' || name === 'cutmix';
  },
);

/**
 * Makes a mixer of batches again from its `description`.
 * @example
 * import { batchTransformFromDescription, mixup } from '@cnnzoo/transforms';
 * const again = batchTransformFromDescription(mixup({ numClasses: 10 }).description);
 */
export function batchTransformFromDescription(description: BatchTransform['description']): BatchTransform {
  const { name, options } = check('description', description, batchDescriptionRule);
  return name === 'mixup' ? mixup(options) : cutmix(options);
}
