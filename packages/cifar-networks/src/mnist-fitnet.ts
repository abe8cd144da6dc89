/** FitNet for MNIST: Romero et al., "FitNets: hints for thin deep nets" (2014), section 3.3, with the sizes of the authors' file. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  dense,
  flatten,
  lecunNormal,
  type ModelOptions,
  maxout,
  maxPooling2d,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

// biome-ignore format: reads as the authors' MNIST_fitnet_valid.yaml
const layers = [
  { kernelSize: 5, padding: 0, channels: 16, pieces: 2, pool: null }, // 24x24
  { kernelSize: 3, padding: 0, channels: 16, pieces: 2, pool: 4 },    // 22x22, 10x10
  { kernelSize: 5, padding: 3, channels: 16, pieces: 2, pool: null }, // 12x12
  { kernelSize: 3, padding: 0, channels: 16, pieces: 2, pool: 4 },    // 10x10, 4x4
  { kernelSize: 3, padding: 3, channels: 12, pieces: 4, pool: null }, // 8x8
  { kernelSize: 3, padding: 0, channels: 12, pieces: 4, pool: 2 },    // 6x6, 3x3
] as const;

/**
 * FitNet for MNIST, of six maxout convolutions and a classifier: Romero et al. (2014), section 3.3. 36,226 parameters, 5.6 MMACs. The
 * fourth layer, `act4`, is the one that the authors guide by a hint.
 * @param options see `ModelOptions`. Smallest input 15x15
 * @returns a model from [batch, 28, 28, 1] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { mnistFitnet } from '@cnnzoo/cifar-networks';
 *
 * const model = mnistFitnet({ seed: 1 });
 */
export function mnistFitnet(options: ModelOptions = {}): LayersModel {
  const initial = { kernel: lecunNormal(), bias: constant(0) };
  return buildModel(
    {
      id: 'mnist_fitnet',
      defaults: { numClasses: 10, inputShape: [28, 28, 1], smallestInput: 15, knownInputSize: true },
      // MNIST's images as they are: LeNet-5's have a border.
      preprocessing: { resizeSize: 28, cropSize: 28, mean: [0.1307], std: [0.3081] },
      initialWeights: { conv2d: initial, dense: initial },
      features: (input) =>
        layers.reduce<SymbolicTensor>(
          (x, { kernelSize, padding, channels, pieces, pool }, index) =>
            connect(
              x,
              conv2d({ name: `conv${index + 1}`, filters: pieces * channels, kernelSize, padding }),
              maxout({ name: `act${index + 1}`, pieces }),
              ...(pool === null
                ? []
                : [maxPooling2d({ name: `pool${index + 1}`, poolSize: pool, stride: 2, ceilMode: true })]),
            ),
          input,
        ),
      classifier: (features, { numClasses }) =>
        connect(features, flatten({ name: 'flatten' }), dense({ name: 'clf', units: numClasses })),
    },
    options,
  );
}
