export type { Size2d as Size } from '@cnnzoo/checks';
export { type Preprocessing, type PreprocessingName, preprocessings } from '@cnnzoo/metadata';
export { rgbToBgr, toRgb } from './color/channel-order.js';
export { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color/enhance.js';
export { adjustGamma } from './color/gamma.js';
export { gaussianBlur } from './color/gaussian-blur.js';
export { grayscale } from './color/grayscale.js';
export { adjustHue } from './color/hue.js';
export { autocontrast, equalize, invert, posterize, solarize } from './color/levels.js';
export { compose } from './compose.js';
export {
  fiveCrops,
  type GooglenetCropsOptions,
  googlenetCrops,
  gridCrops,
  type SeveralCrops,
  tenCrops,
} from './crops/several-crops.js';
export { batchTransformFromDescription, fromDescription } from './from-description.js';
export { type AffineParameters, affine } from './geometry/affine.js';
export { type Box, centerCrop, crop } from './geometry/crop.js';
export { horizontalFlip, verticalFlip } from './geometry/flip.js';
export { type Fill, type ImagePadding, type PadMode, type PadOptions, pad } from './geometry/pad.js';
export { type Corners, type Point, perspective } from './geometry/perspective.js';
export { type ResizeOptions, resize, resizedCrop } from './geometry/resize.js';
export { type RotateOptions, rotate } from './geometry/rotate.js';
export type { WarpOptions } from './geometry/warp.js';
export type { Interpolation, WarpInterpolation } from './image/filter.js';
export type { Image } from './image/image.js';
export { denormalize, normalize } from './image/normalize.js';
export { toBytes, toTensor } from './image/to-tensor.js';
export type { Augmentation, AugmentationName } from './policies/augmentation.js';
export { autoAugment } from './policies/auto-augment.js';
export { type DrawnAugmentations, type RandAugmentOptions, randAugment } from './policies/rand-augment.js';
export { type TrivialAugmentOptions, trivialAugment } from './policies/trivial-augment.js';
export { evaluationTransform, trainingTransform } from './preprocessing.js';
export { type ColorAdjustment, type ColorJitterOptions, colorJitter, type Jitter } from './random/color-jitter.js';
export { pcaLighting } from './random/lighting.js';
export {
  type BatchTransform,
  cutmix,
  type MixOptions,
  mixup,
  type PixelBatch,
  type SoftBatch,
} from './random/mix-batch.js';
export { type Applied, randomApply, randomHorizontalFlip, randomVerticalFlip } from './random/random-apply.js';
export { randomGaussianBlur } from './random/random-blur.js';
export { type RandomCropOptions, randomCrop } from './random/random-crop.js';
export { type Erasing, type RandomErasingOptions, randomErasing } from './random/random-erasing.js';
export { type RandomGenerator, randomGenerator } from './random/random-generator.js';
export {
  type Degrees,
  type RandomAffineOptions,
  type RandomPerspectiveOptions,
  randomAffine,
  randomPerspective,
  randomRotation,
} from './random/random-geometry.js';
export { type RandomResizedCropOptions, randomResizedCrop } from './random/random-resized-crop.js';
export { scaleJitter } from './random/scale-jitter.js';
export { type RecipeAugmentation, type RecipeImages, recipeAugmentation } from './recipe-augmentation.js';
export type { Draw, DrawListener, RandomTransform, ResultPlace, Transform, TransformDescription } from './transform.js';
export { globalContrastNormalization } from './whitening/contrast-normalization.js';
export { type FitZcaOptions, fitZca, type Zca, zcaWhitening } from './whitening/zca.js';
