/** Pre-activation ResNet for ImageNet ("v2"): He et al., "Identity mappings in deep residual networks" (2016), section 4 and table 5. */
import {
  adaptiveAveragePooling2d,
  batchNorm,
  buildModel,
  connect,
  constant,
  conv2d,
  flatten,
  imagenetPreprocessing,
  kaimingNormal,
  type ModelOptions,
  maxPooling2d,
  normal,
  preActivationBottleneckBlock,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

// Blocks of the four stages, as in table 1 of the paper before.
// biome-ignore format: reads as the paper's table
const variants = {
  //          56x56 28x28 14x14 7x7
  resnet50_v2:  [3, 4,  6, 3],
  resnet101_v2: [3, 4, 23, 3],
  resnet152_v2: [3, 8, 36, 3],
} as const;

/** Layers are named as in timm's `resnetv2_50` and its relatives, whose weights fit; so is the head a 1x1 convolution. */
function build(id: keyof typeof variants, options: ModelOptions): LayersModel {
  return buildModel(
    {
      id,
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 1 },
      preprocessing: ({ inputShape: [height, , channels] }) => imagenetPreprocessing(height ?? 224, channels),
      initialWeights: { conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }) } },
      features: (input) => {
        let x: SymbolicTensor = connect(
          input,
          conv2d({ name: 'stem.conv', filters: 64, kernelSize: 7, stride: 2, padding: 3, useBias: false }),
          maxPooling2d({ name: 'stem.pool', poolSize: 3, stride: 2, padding: 1 }),
        );
        variants[id].forEach((blocks, stage) => {
          for (let block = 0; block < blocks; block++)
            x = preActivationBottleneckBlock(x, {
              name: `stages.${stage}.blocks.${block}`,
              width: 64 * 2 ** stage,
              stride: block === 0 && stage > 0 ? 2 : 1,
              normName: 'norm',
              shortcutName: 'downsample.conv',
            });
        });
        return connect(x, batchNorm({ name: 'norm' }), relu({ name: 'norm.relu' }));
      },
      classifier: (features, { numClasses }) =>
        connect(
          features,
          adaptiveAveragePooling2d({ name: 'head.global_pool', outputSize: 1 }),
          conv2d({
            name: 'head.fc',
            filters: numClasses,
            kernelSize: 1,
            kernelInitializer: normal({ deviation: 0.01 }),
            biasInitializer: constant(0),
          }),
          flatten({ name: 'head.flatten' }),
        ),
    },
    options,
  );
}

/**
 * Pre-activation ResNet-50. 25,549,352 parameters.
 * @param options see `ModelOptions`. Any input size is possible.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * const model = resnet50V2({ numClasses: 10, seed: 1 });
 */
export function resnet50V2(options: ModelOptions = {}): LayersModel {
  return build('resnet50_v2', options);
}

/**
 * Pre-activation ResNet-101. 44,541,480 parameters. See `resnet50V2`.
 * @param options see `ModelOptions`
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 */
export function resnet101V2(options: ModelOptions = {}): LayersModel {
  return build('resnet101_v2', options);
}

/**
 * Pre-activation ResNet-152. 60,185,128 parameters. See `resnet50V2`.
 * @param options see `ModelOptions`
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 */
export function resnet152V2(options: ModelOptions = {}): LayersModel {
  return build('resnet152_v2', options);
}
