import { checkChoice } from './check-argument.js';
import { rgbToBgr } from './color/channel-order.js';
import { compose } from './compose.js';
import { centerCrop } from './geometry/crop.js';
import { resize } from './geometry/resize.js';
import type { Interpolation } from './image/filter.js';
import { normalize } from './image/normalize.js';
import { toTensor } from './image/to-tensor.js';
import { randomHorizontalFlip } from './random/random-apply.js';
import { randomCrop } from './random/random-crop.js';
import { randomResizedCrop } from './random/random-resized-crop.js';
import type { Transform } from './transform.js';

/** What published weights expect of their input. */
export interface Preprocessing {
  /** Length of the shorter side to which a picture is resized first. */
  readonly resizeSize: number;
  /** Side of the square that is then cut out of the middle. */
  readonly cropSize: number;
  readonly interpolation: Interpolation;
  /** For training, the border of a random crop; without it RandomResizedCrop is used. */
  readonly trainingPadding?: number;
  readonly channelOrder: 'rgb' | 'bgr';
  /** Subtracted from values of 0 to 1, per channel in `channelOrder`. */
  readonly mean: readonly number[];
  /** What they are divided by afterwards. */
  readonly standardDeviation: readonly number[];
}

const imagenet = {
  channelOrder: 'rgb',
  mean: [0.485, 0.456, 0.406],
  standardDeviation: [0.229, 0.224, 0.225],
} as const;
const torchvision = { ...imagenet, resizeSize: 256, cropSize: 224, interpolation: 'bilinear' } as const;

/** The preprocessing of published weights: torchvision's two generations and its Inception, Keras' two modes, CIFAR's. */
export const preprocessings = {
  /** torchvision's IMAGENET1K_V1. */
  imagenet: torchvision,
  /** torchvision's IMAGENET1K_V2. */
  imagenetV2: { ...torchvision, resizeSize: 232 },
  /** torchvision's inception_v3. */
  inception: { ...torchvision, resizeSize: 342, cropSize: 299 },
  /** Keras' VGG and ResNet: BGR, 0 to 255 with the mean subtracted. */
  kerasCaffe: {
    ...torchvision,
    channelOrder: 'bgr',
    mean: [103.939 / 255, 116.779 / 255, 123.68 / 255],
    standardDeviation: [1 / 255, 1 / 255, 1 / 255],
  },
  /** Keras' Inception and ResNet v2: -1 to 1. */
  kerasTf: {
    ...torchvision,
    resizeSize: 342,
    cropSize: 299,
    mean: [0.5, 0.5, 0.5],
    standardDeviation: [0.5, 0.5, 0.5],
  },
  /** The CIFAR-10 ResNets published for PyTorch, which use ImageNet's statistics. */
  cifar: { ...torchvision, resizeSize: 32, cropSize: 32, trainingPadding: 4 },
} as const satisfies Record<string, Preprocessing>;

/** A key of `preprocessings`. */
export type PreprocessingName = keyof typeof preprocessings;

/**
 * The transform that makes a picture what weights expect: resize, center crop, channel order, normalize.
 * @param preprocessing a name from {@link preprocessings}, or one like them
 * @example
 * import { evaluationPreset } from '@cnnzoo/transforms';
 * const preprocess = evaluationPreset('imagenetV2');
 * console.log(preprocess({ data: new Uint8Array(640 * 480 * 3), width: 640, height: 480, channels: 3 }).width); // 224
 */
export function evaluationPreset(preprocessing: PreprocessingName | Preprocessing): Transform {
  const { resizeSize, cropSize, interpolation, ...colors } = resolve(preprocessing);
  return compose([resize(resizeSize, { interpolation }), centerCrop(cropSize), ...toInput(colors)]);
}

/**
 * The usual training transform for the same input: for 'cifar' a random crop of 32 with a padding of 4 (He et al. 2015, section
 * 4.2), else RandomResizedCrop; then a horizontal flip by chance.
 * @param preprocessing a name from {@link preprocessings}, or one like them
 * @example
 * import { trainingPreset, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = trainingPreset('imagenet')(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function trainingPreset(preprocessing: PreprocessingName | Preprocessing): Transform {
  const { cropSize, interpolation, trainingPadding, ...colors } = resolve(preprocessing);
  const crop =
    trainingPadding === undefined
      ? randomResizedCrop(cropSize, { interpolation })
      : randomCrop(cropSize, { padding: trainingPadding });
  return compose([crop, randomHorizontalFlip(), ...toInput(colors)]);
}

function resolve(preprocessing: PreprocessingName | Preprocessing): Preprocessing {
  if (typeof preprocessing !== 'string') return preprocessing;
  checkChoice('preprocessing', preprocessing, Object.keys(preprocessings));
  return preprocessings[preprocessing];
}

function toInput(colors: Pick<Preprocessing, 'channelOrder' | 'mean' | 'standardDeviation'>): Transform[] {
  const order = colors.channelOrder === 'bgr' ? [rgbToBgr()] : [];
  return [...order, toTensor(), normalize(colors.mean, colors.standardDeviation)];
}
