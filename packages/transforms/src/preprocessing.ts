/** The two transforms that a network's preprocessing stands for. Its rows are in one table for all packages: see `preprocessings`. */
import { check, oneOf } from '@cnnzoo/checks';
import { checkPreprocessing, type Preprocessing, type PreprocessingName, preprocessings } from '@cnnzoo/metadata';
import { compose } from './compose.js';
import { centerCrop } from './geometry/crop.js';
import { pad } from './geometry/pad.js';
import { resize } from './geometry/resize.js';
import { normalize } from './image/normalize.js';
import { toTensor } from './image/to-tensor.js';
import { randomHorizontalFlip } from './random/random-apply.js';
import { randomCrop } from './random/random-crop.js';
import { randomResizedCrop } from './random/random-resized-crop.js';
import type { Transform } from './transform.js';

/**
 * The transform that makes an image what a network or its weights expect: resize, border, center crop, normalize.
 * @param preprocessing a name from {@link preprocessings}, or what a model or a published set of weights says of itself
 * @throws TypeError or RangeError naming the field that is not what it must be
 * @example
 * import { evaluationTransform } from '@cnnzoo/transforms';
 * const preprocess = evaluationTransform('imagenetV2');
 * console.log(preprocess({ data: new Uint8Array(640 * 480 * 3), width: 640, height: 480, channels: 3 }).width); // 224
 */
export function evaluationTransform(preprocessing: PreprocessingName | Preprocessing): Transform {
  const { resizeSize, padding = 0, cropSize, interpolation = 'bilinear', mean, std } = resolve(preprocessing);
  const border = padding === 0 ? [] : [pad(padding)];
  return compose([
    resize(resizeSize, { interpolation }),
    ...border,
    centerCrop(cropSize),
    toTensor(),
    normalize(mean, std),
  ]);
}

/**
 * The usual training transform for the same input: RandomResizedCrop, or, where images have the input's size already (CIFAR), a random crop
 * with a border of an eighth of it (4 pixels around 32: He et al. 2015, section 4.2); then a horizontal flip by chance.
 * @param preprocessing a name from {@link preprocessings}, or what a model says of itself
 * @throws TypeError or RangeError naming the field that is not what it must be
 * @example
 * import { trainingTransform, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = trainingTransform('imagenet')(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function trainingTransform(preprocessing: PreprocessingName | Preprocessing): Transform {
  const { resizeSize, padding = 0, cropSize, interpolation = 'bilinear', mean, std } = resolve(preprocessing);
  const crop =
    resizeSize + 2 * padding === cropSize
      ? randomCrop(cropSize, { padding: Math.round(cropSize / 8) })
      : randomResizedCrop(cropSize, { interpolation });
  return compose([crop, randomHorizontalFlip(), toTensor(), normalize(mean, std)]);
}

function resolve(preprocessing: PreprocessingName | Preprocessing): Preprocessing {
  if (typeof preprocessing !== 'string') return checkPreprocessing('preprocessing', preprocessing);
  const names = Object.keys(preprocessings) as PreprocessingName[];
  return preprocessings[check('preprocessing', preprocessing, oneOf(names))];
}
