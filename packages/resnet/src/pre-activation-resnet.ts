/** Pre-activation ResNet for ImageNet ("v2"): He et al., "Identity mappings in deep residual networks" (2016), section 4 and table 5. */

import {
  adaptiveAveragePooling2d,
  batchNorm,
  buildModel,
  connect,
  constant,
  conv2d,
  flatten,
  kaimingNormal,
  type ModelOptions,
  maxPooling2d,
  normal,
  preActivationBottleneckBlock,
  relu,
} from '@cnnzoo/blocks';
import { oneOf, optional } from '@cnnzoo/checks';
import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { kerasPreActivationBlock } from './keras-pre-activation-block.js';

/** The options of `resnet50V2`, `resnet101V2` and `resnet152V2`. */
export interface PreActivationResNetOptions extends ModelOptions {
  /**
   * Whose network of that name it is, for their weights do not fit each other. 'timm' follows the paper's code: the first block of a
   * stage has the stride, the first pooling's padding never wins, convolutions have no bias. 'keras' is ResNet50V2 and its relatives of
   * keras.applications: the last block of a stage has the stride, the first pooling is padded with zeros, and convolutions that no batch
   * norm follows have a bias. Default 'timm'.
   */
  readonly variant?: 'timm' | 'keras';
}

// Blocks of the four stages, as in table 1 of the paper before.
// biome-ignore format: reads as the paper's table
const variants = {
  //          56x56 28x28 14x14 7x7
  resnet50_v2:  [3, 4,  6, 3],
  resnet101_v2: [3, 4, 23, 3],
  resnet152_v2: [3, 8, 36, 3],
} as const;

/** Layers are named as in timm's `resnetv2_50` and its relatives, whose weights fit; so is the head a 1x1 convolution. */
function build(id: keyof typeof variants, options: PreActivationResNetOptions): LayersModel {
  const asInKeras = options.variant === 'keras';
  return buildModel<Pick<PreActivationResNetOptions, 'variant'>>(
    {
      id,
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 1 },
      ownOptions: { variant: optional(oneOf(['timm', 'keras'])) },
      preprocessing: asInKeras ? 'tensorflow' : 'imagenet',
      initialWeights: { conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }) } },
      features: (input) => {
        let x: SymbolicTensor = connect(
          input,
          conv2d({ name: 'stem.conv', filters: 64, kernelSize: 7, stride: 2, padding: 3, useBias: asInKeras }),
          ...(asInKeras ? [layers.zeroPadding2d({ name: 'stem.pad', padding: 1 })] : []),
          maxPooling2d({ name: 'stem.pool', poolSize: 3, stride: 2, padding: asInKeras ? 0 : 1 }),
        );
        variants[id].forEach((blocks, stage, stages) => {
          for (let block = 0; block < blocks; block++) {
            const place = { name: `stages.${stage}.blocks.${block}`, width: 64 * 2 ** stage };
            if (asInKeras) {
              // 28x28 after the first stage, 7x7 after the third: the last one keeps it.
              const stride = block === blocks - 1 && stage < stages.length - 1 ? 2 : 1;
              x = kerasPreActivationBlock(x, { ...place, stride });
            } else {
              const stride = block === 0 && stage > 0 ? 2 : 1;
              x = preActivationBottleneckBlock(x, {
                ...place,
                stride,
                normName: 'norm',
                shortcutName: 'downsample.conv',
              });
            }
          }
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
 * Pre-activation ResNet-50. 25,549,352 parameters; as Keras's ResNet50V2 25,568,360.
 * @param options see `ModelOptions`, and `variant`, by default timm's. Any input size is possible.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { resnet50V2 } from '@cnnzoo/resnet';
 *
 * const model = resnet50V2({ numClasses: 10, seed: 1 });
 * const forKerasWeights = resnet50V2({ variant: 'keras', initialWeights: 'zeros' });
 */
export function resnet50V2(options: PreActivationResNetOptions = {}): LayersModel {
  return build('resnet50_v2', options);
}

/** Pre-activation ResNet-101. 44,541,480 parameters, Keras's 44,577,896. See {@link resnet50V2}. */
export function resnet101V2(options: PreActivationResNetOptions = {}): LayersModel {
  return build('resnet101_v2', options);
}

/** Pre-activation ResNet-152. 60,185,128 parameters, Keras's 60,236,904. See {@link resnet50V2}. */
export function resnet152V2(options: PreActivationResNetOptions = {}): LayersModel {
  return build('resnet152_v2', options);
}
