export { type AffineParameters, affine } from './affine.js';
export type { Augmentation, AugmentationName } from './augmentation.js';
export { autoAugment } from './auto-augment.js';
export { rgbToBgr } from './channel-order.js';
export type { Size } from './check-argument.js';
export { type ColorAdjustment, type ColorJitterOptions, colorJitter, type Jitter } from './color-jitter.js';
export { compose } from './compose.js';
export { type Box, centerCrop, crop } from './crop.js';
export { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './enhance.js';
export type { Interpolation } from './filter.js';
export { horizontalFlip, verticalFlip } from './flip.js';
export { batchTransformFromDescription, fromDescription } from './from-description.js';
export { gaussianBlur } from './gaussian-blur.js';
export { grayscale } from './grayscale.js';
export { adjustHue } from './hue.js';
export type { Image } from './image.js';
export { autocontrast, equalize, invert, posterize, solarize } from './levels.js';
export { pcaLighting } from './lighting.js';
export { type BatchTransform, cutmix, type MixOptions, mixup, type PixelBatch, type SoftBatch } from './mix-batch.js';
export { denormalize, normalize } from './normalize.js';
export { type Fill, type Padding, type PadMode, type PadOptions, pad } from './pad.js';
export { type Corners, type Point, perspective } from './perspective.js';
export {
  evaluationPreset,
  type Preprocessing,
  type PreprocessingName,
  preprocessings,
  trainingPreset,
} from './presets.js';
export { type DrawnAugmentations, type RandAugmentOptions, randAugment } from './rand-augment.js';
export { type Applied, randomApply, randomHorizontalFlip, randomVerticalFlip } from './random-apply.js';
export { randomGaussianBlur } from './random-blur.js';
export { type RandomCropOptions, randomCrop } from './random-crop.js';
export { type Erasing, type RandomErasingOptions, randomErasing } from './random-erasing.js';
export { type RandomGenerator, randomGenerator } from './random-generator.js';
export {
  type Degrees,
  type RandomAffineOptions,
  type RandomPerspectiveOptions,
  randomAffine,
  randomPerspective,
  randomRotation,
} from './random-geometry.js';
export { type RandomResizedCropOptions, randomResizedCrop } from './random-resized-crop.js';
export { type ResizeOptions, resize, resizedCrop } from './resize.js';
export { rotate } from './rotate.js';
export { scaleJitter } from './scale-jitter.js';
export { type Crops144Options, crops144, fiveCrop, gridCrops, type SeveralCrops, tenCrop } from './several-crops.js';
export { toBytes, toTensor } from './to-tensor.js';
export type { Draw, DrawListener, RandomTransform, Transform, TransformDescription } from './transform.js';
export { type TrivialAugmentOptions, trivialAugment } from './trivial-augment.js';
export type { WarpOptions } from './warp.js';
