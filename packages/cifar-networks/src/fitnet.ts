/** FitNet: Romero et al., "FitNets: hints for thin deep nets" (2014), and its forms in Mishkin and Matas, "All you need is a good init" (2015). */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  globalMaxPooling2d,
  kaimingNormal,
  lecunNormal,
  maxout,
  maxPooling2d,
  relu,
  sigmoid,
  tanh,
} from '@cnnzoo/blocks';
import { oneOf, optional } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The options of `cifarFitnet4`. */
export interface CifarFitnetOptions extends DropoutModelOptions {
  /** What follows each convolution: Romero et al. have maxout of 2 pieces, Mishkin and Matas compare it with the others. Default 'maxout'. */
  readonly activation?: 'maxout' | 'relu' | 'tanh' | 'sigmoid';
}

/** FitNet-4, Romero et al. (2014), table 2: channels of the 3x3 convolutions between the poolings. */
const stages = [
  [32, 32, 32, 48, 48], // 32x32
  [80, 80, 80, 80, 80, 80], // 16x16
  [128, 128, 128, 128, 128, 128], // 8x8
] as const;

const others = { relu, tanh, sigmoid };

/**
 * FitNet-4 for CIFAR, of 19 layers: Romero et al. (2014), section 3.1. 2,742,102 parameters with maxout.
 * @param options see `ModelOptions`; `activation`; `dropout`, 0.2 unless you say otherwise, as Mishkin and Matas have it: on the image,
 *   after each pooling and before the last layer. Smallest input 4x4
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarFitnet4 } from '@cnnzoo/cifar-networks';
 *
 * const model = cifarFitnet4({ activation: 'relu', seed: 1 });
 */
export function cifarFitnet4(options: CifarFitnetOptions = {}): LayersModel {
  const { activation = 'maxout' } = options;
  const isMaxout = activation === 'maxout';
  const after = (name: string, pieces: number) =>
    activation === 'maxout' ? maxout({ name, pieces }) : others[activation]({ name });
  // He's weights would double the mean square with every maxout, to logits in the thousands.
  const initial = { kernel: isMaxout ? lecunNormal() : kaimingNormal(), bias: constant(0) };
  return buildModel<Pick<CifarFitnetOptions, 'activation'>>(
    {
      id: 'cifar_fitnet4',
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 4, dropout: 0.2 },
      ownOptions: { activation: optional(oneOf(['maxout', 'relu', 'tanh', 'sigmoid'])) },
      preprocessing: 'cifar',
      initialWeights: { conv2d: initial, dense: initial },
      features: (input, { dropout: rate }) =>
        stages.reduce<SymbolicTensor>(
          (x, widths, stage) =>
            connect(
              x,
              ...(stage === 0
                ? []
                : [maxPooling2d({ name: `pool${stage}`, poolSize: 2 }), dropout({ name: `pool${stage}_drop`, rate })]),
              ...widths.flatMap((width, index) => {
                const name = `${stage + 1}_${index + 1}`;
                const filters = isMaxout ? 2 * width : width;
                return [conv2d({ name: `conv${name}`, filters, kernelSize: 3, padding: 1 }), after(`act${name}`, 2)];
              }),
            ),
          connect(input, dropout({ name: 'data_drop', rate })),
        ),
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          globalMaxPooling2d({ name: 'pool3' }),
          dropout({ name: 'pool3_drop', rate }),
          dense({ name: 'ip1', units: isMaxout ? 5 * 500 : 500 }),
          after('act_ip1', 5),
          dropout({ name: 'ip1_drop', rate }),
          dense({ name: 'clf', units: numClasses }),
        ),
    },
    options,
  );
}
