/** ZFNet: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), figure 3. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  flatten,
  kaimingNormal,
  localResponseNormalization,
  maxPooling2d,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Layers are named as in pytorchcv's `zfnet`. The comments are outputs at 224x224. */
function build(id: 'zfnet' | 'zfnetb', filters: readonly [number, number, number], options: DropoutModelOptions) {
  const pool = (name: string) => maxPooling2d({ name, poolSize: 3, stride: 2, ceilMode: true });
  const unit = (
    name: string,
    convolution: { filters: number; kernelSize: number; stride?: number; padding?: number },
  ) => [conv2d({ name: `${name}.conv`, ...convolution }), relu({ name: `${name}.activ` })];
  // Repeated in @cnnzoo/vgg: what is special about a network is written out beside its layers.
  const bias = constant(0);
  return buildModel(
    {
      id,
      // Below 59x59 nothing is left for the last pooling.
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 59, knownInputSize: true, dropout: 0.5 },
      preprocessing: 'imagenet',
      // The paper's normal numbers of deviation 0.01 learn nothing for many epochs.
      initialWeights: { conv2d: { kernel: kaimingNormal(), bias }, dense: { kernel: kaimingNormal(), bias } },
      features: (input) =>
        connect(
          input,
          ...unit('features.stage1.unit1', { filters: 96, kernelSize: 7, stride: 2, padding: 1 }), // 110x110
          pool('features.stage1.pool1'), // 55x55
          localResponseNormalization({ name: 'features.stage1.norm1' }),
          ...unit('features.stage2.unit1', { filters: 256, kernelSize: 5, stride: 2 }), // 26x26
          pool('features.stage2.pool2'), // 13x13
          localResponseNormalization({ name: 'features.stage2.norm2' }),
          ...filters.flatMap((channels, index) =>
            unit(`features.stage3.unit${index + 1}`, { filters: channels, kernelSize: 3, padding: 1 }),
          ),
          pool('features.stage3.pool3'), // 6x6
        ),
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          flatten({ name: 'flatten' }),
          ...[1, 2].flatMap((index) => [
            dense({ name: `output.fc${index}.fc`, units: 4096 }),
            relu({ name: `output.fc${index}.activ` }),
            dropout({ name: `output.fc${index}.dropout`, rate }),
          ]),
          dense({ name: 'output.fc3', units: numClasses }),
        ),
    },
    options,
  );
}

/**
 * ZFNet, the winner of ILSVRC 2013: AlexNet with a smaller first filter and stride. 62,357,608 parameters, 1.2 GMACs.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, after both hidden dense layers. Smallest input 59x59;
 *   the first dense layer takes the last feature map whatever its size, so that has to be known.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { zfnet } from '@cnnzoo/alexnet';
 *
 * const model = zfnet({ numClasses: 10, seed: 1 });
 */
export function zfnet(options: DropoutModelOptions = {}): LayersModel {
  return build('zfnet', [384, 384, 256], options);
}

/** ZFNet's variant with 512, 1024 and 512 channels in the last convolutions. 107,627,624 parameters. See {@link zfnet}. */
export function zfnetB(options: DropoutModelOptions = {}): LayersModel {
  return build('zfnetb', [512, 1024, 512], options);
}
