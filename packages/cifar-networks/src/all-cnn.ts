/** Networks of nothing but convolutions: Springenberg et al., "Striving for simplicity: the all convolutional net" (2014), tables 1 and 2. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dropout,
  globalAveragePooling2d,
  kaimingNormal,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { aliveClasses } from './alive-classes.js';

type Convolution = readonly [kernelSize: number, filters: number, stride: 1 | 2, padding: number];

/** The paper's second part, the same in all three: 3x3 without padding, then 1x1. The last one, to the classes, is the classifier's. */
const end: readonly Convolution[] = [
  [3, 192, 1, 0],
  [1, 192, 1, 0],
];

// A convolution of stride 2 stands where the base network pools, and dropout follows it.
// biome-ignore format: reads as the paper's table 1
const variants = {
  cifar_allcnn_a: [[5, 96, 1, 2],                [3, 96, 2, 1], [5, 192, 1, 2],                 [3, 192, 2, 1], ...end],
  cifar_allcnn_b: [[5, 96, 1, 2], [1, 96, 1, 0], [3, 96, 2, 1], [5, 192, 1, 2], [1, 192, 1, 0], [3, 192, 2, 1], ...end],
  cifar_allcnn_c: [[3, 96, 1, 1], [3, 96, 1, 1], [3, 96, 2, 1], [3, 192, 1, 1], [3, 192, 1, 1], [3, 192, 2, 1], ...end],
} as const satisfies Record<string, readonly Convolution[]>;

function build(id: keyof typeof variants, options: DropoutModelOptions): LayersModel {
  const convolutions: readonly Convolution[] = variants[id];
  const bias = constant(0);
  return buildModel(
    {
      id,
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 9, dropout: 0.5 },
      preprocessing: 'cifar',
      initialWeights: { conv2d: { kernel: kaimingNormal(), bias } },
      features: (input, { dropout: rate }) =>
        convolutions.reduce<SymbolicTensor>(
          (x, [kernelSize, filters, stride, padding], index) =>
            connect(
              x,
              conv2d({ name: `conv${index + 1}`, filters, kernelSize, stride, padding }),
              relu({ name: `relu${index + 1}` }),
              ...(stride === 2 ? [dropout({ name: `drop${index + 1}`, rate })] : []),
            ),
          // The paper's 20 % of the image beside 50 % later.
          connect(input, dropout({ name: 'drop0', rate: 0.4 * rate })),
        ),
      classifier: (features, { numClasses }) =>
        connect(
          features,
          conv2d({ name: `conv${convolutions.length + 1}`, filters: numClasses, kernelSize: 1, ...aliveClasses() }),
          relu({ name: `relu${convolutions.length + 1}` }),
          globalAveragePooling2d({ name: 'pool' }),
        ),
    },
    options,
  );
}

/**
 * All-CNN-A: Springenberg et al. (2014), table 2. 1,254,250 parameters.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, after both convolutions of stride 2, and two fifths of it
 *   on the image. Smallest input 9x9
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarAllCnnC } from '@cnnzoo/cifar-networks';
 *
 * const model = cifarAllCnnC({ seed: 1 });
 */
export function cifarAllCnnA(options: DropoutModelOptions = {}): LayersModel {
  return build('cifar_allcnn_a', options);
}

/** All-CNN-B. 1,300,618 parameters. See {@link cifarAllCnnA}. */
export function cifarAllCnnB(options: DropoutModelOptions = {}): LayersModel {
  return build('cifar_allcnn_b', options);
}

/** All-CNN-C, the one that the paper and others compare with. 1,369,738 parameters. See {@link cifarAllCnnA}. */
export function cifarAllCnnC(options: DropoutModelOptions = {}): LayersModel {
  return build('cifar_allcnn_c', options);
}
