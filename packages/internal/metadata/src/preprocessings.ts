import type { Preprocessing } from './preprocessing.js';

// Named one by one: bundlers leave out a table that nobody reads, but keep one with a spread.
const imagenetMean = [0.485, 0.456, 0.406] as const;
const imagenetStd = [0.229, 0.224, 0.225] as const;
/** Values from -1 to 1. */
const half = [0.5, 0.5, 0.5] as const;

/**
 * What networks and published weights expect of an image. Always RGB: the loader of `@cnnzoo/weights` reverses the first convolution of
 * weights that were trained on BGR, so nobody has to swap channels, and nobody can swap them twice.
 */
export const preprocessings = {
  /** torchvision's IMAGENET1K_V1 and most networks trained on ImageNet. */
  imagenet: { resizeSize: 256, cropSize: 224, mean: imagenetMean, std: imagenetStd },
  /** torchvision's IMAGENET1K_V2. */
  imagenetV2: { resizeSize: 232, cropSize: 224, mean: imagenetMean, std: imagenetStd },
  /** Krizhevsky et al. (2012), section 2: as `imagenet`, with a crop of 227. */
  alexnetPaper: { resizeSize: 256, cropSize: 227, mean: imagenetMean, std: imagenetStd },
  /** Networks that come from TensorFlow: torchvision's GoogLeNet, Keras's ResNet-v2. */
  tensorflow: { resizeSize: 256, cropSize: 224, mean: half, std: half },
  /** Inception-v3, torchvision's weights (our network has no `transform_input`) and Keras's. */
  inception: { resizeSize: 342, cropSize: 299, mean: half, std: half },
  /** timm's inception_v3. */
  inceptionBicubic: { resizeSize: 341, cropSize: 299, interpolation: 'bicubic', mean: half, std: half },
  /** Keras's VGG and ResNet, which come from Caffe: values from 0 to 255 with the mean of ImageNet subtracted. */
  caffe: {
    resizeSize: 256,
    cropSize: 224,
    // [123.68, 116.779, 103.939] / 255 and 1 / 255: bundlers keep a table in which something is computed.
    mean: [0.4850196078431373, 0.457956862745098, 0.4076039215686274],
    std: [0.00392156862745098, 0.00392156862745098, 0.00392156862745098],
  },
  /** The CIFAR-10 ResNets published for PyTorch, which use ImageNet's mean and deviation. */
  cifar: { resizeSize: 32, cropSize: 32, mean: imagenetMean, std: imagenetStd },
  /** LeNet-5: MNIST's 28x28 with a border of 2. */
  mnist: { resizeSize: 28, padding: 2, cropSize: 32, mean: [0.1307], std: [0.3081] },
} as const satisfies Readonly<Record<string, Preprocessing>>;

/** A row of `preprocessings`. */
export type PreprocessingName = keyof typeof preprocessings;

/**
 * A preprocessing for a network whose input has another size or number of channels: `resizeSize` in proportion to the crop, and for
 * other channels than the preprocessing's the average of mean and std for each.
 * @param preprocessing a row of {@link preprocessings} by name, or one like them
 * @param inputShape the network's [height, width, channels]; a height of null leaves the sizes as they are
 */
export function preprocessingFor(
  preprocessing: PreprocessingName | Preprocessing,
  [height, , channels]: readonly [height: number | null, width: number | null, channels: number],
): Preprocessing {
  const row: Preprocessing = typeof preprocessing === 'string' ? preprocessings[preprocessing] : preprocessing;
  const { resizeSize, padding = 0, cropSize, interpolation = 'bilinear', mean, std } = row;
  const size = height ?? cropSize;
  return {
    // The border keeps its width, whatever the size.
    resizeSize: Math.round(((resizeSize + 2 * padding) * size) / cropSize) - 2 * padding,
    padding,
    cropSize: size,
    interpolation,
    mean: forChannels(mean, channels),
    std: forChannels(std, channels),
  };
}

function forChannels(values: readonly number[], channels: number): number[] {
  if (values.length === channels) return [...values];
  return Array(channels).fill(values.reduce((sum, value) => sum + value, 0) / values.length);
}
