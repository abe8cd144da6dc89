/** Highway networks for CIFAR: Srivastava et al., "Training very deep networks" (2015), section 4. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  globalAveragePooling2d,
  highwayBlock,
  lecunNormal,
  maxPooling2d,
  normal,
  relu,
} from '@cnnzoo/blocks';
import { boolean, check, oneOf, optional } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The options of `cifarHighway`. */
export interface CifarHighwayOptions extends DropoutModelOptions {
  /** Layers with weights. A gate is part of its layer. */
  readonly depth: 19 | 32;
  /** False for the plain network of the same depth, whose layers are H(x) alone. Default true. */
  readonly gates?: boolean;
}

/**
 * A convolution to this many channels, and so many highway layers. 19: the authors' Caffe file. 32: the paper says 32 layers and 1.25
 * million parameters; of its widths we know no code. These give 1,214,478.
 */
const stages = {
  19: [
    { filters: 32, layers: 4 }, // 32x32
    { filters: 80, layers: 5 }, // 16x16
    { filters: 128, layers: 5 }, // 8x8
  ],
  32: [
    { filters: 28, layers: 9 },
    { filters: 48, layers: 9 },
    { filters: 64, layers: 9 },
  ],
} as const;

/**
 * The authors' file gives the first convolution weights of type 'gaussian' and a `value`, which that type does not read: Caffe takes its
 * default deviation, 1. Gates that carry 88 % and ReLUs that halve the rest leave little of an image: with weights of deviation 0.08 the
 * network of 19 layers had not begun to learn after 20 steps. The others are Caffe's 'xavier', of variance 1 / inputs.
 */
function authorsWeights() {
  return {
    first: normal({ deviation: 1 }),
    others: lecunNormal(),
    last: normal({ deviation: 0.05 }),
    bias: constant(0),
  };
}

/**
 * Highway networks for CIFAR: Srivastava et al. (2015), table 2. With depth 19 2,256,838 parameters.
 * @param options see `ModelOptions`; `depth` 19 or 32; `dropout`, 0.2 unless you say otherwise, on the image, after each pooling and
 *   before the dense layer; `gates`
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarHighway } from '@cnnzoo/cifar-networks';
 *
 * const model = cifarHighway({ depth: 19, seed: 1 });
 * const plain = cifarHighway({ depth: 19, gates: false, seed: 1 });
 */
export function cifarHighway({ depth, ...options }: CifarHighwayOptions): LayersModel {
  check('depth', depth, oneOf([19, 32]));
  const { gates = true } = options;
  const { first, others, last, bias } = authorsWeights();
  const convolution = (name: string, filters: number, kernelSize: 1 | 3) => [
    conv2d({
      ...{ name: `${name}.conv`, filters, kernelSize, padding: (kernelSize - 1) / 2 },
      ...(name === 'stage1.0' ? { kernelInitializer: first } : {}),
    }),
    relu({ name: `${name}.relu` }),
  ];
  return buildModel<{ gates?: boolean }>(
    {
      id: `cifar_highway${depth}`,
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 4, dropout: 0.2 },
      ownOptions: { gates: optional(boolean) },
      preprocessing: 'cifar',
      initialWeights: { conv2d: { kernel: others, bias }, dense: { kernel: last, bias } },
      features: (input, { dropout: rate }) => {
        const x = stages[depth].reduce<SymbolicTensor>(
          (before, { filters, layers }, stage) => {
            const name = `stage${stage + 1}`;
            const pooling = [
              maxPooling2d({ name: `${name}.pool`, poolSize: 2 }),
              dropout({ name: `${name}.drop`, rate }),
            ];
            let x = connect(before, ...(stage === 0 ? [] : pooling), ...convolution(`${name}.0`, filters, 3));
            for (let layer = 1; layer <= layers; layer++)
              x = gates
                ? highwayBlock(x, { name: `${name}.${layer}` })
                : connect(x, ...convolution(`${name}.${layer}`, filters, 3));
            return x;
          },
          connect(input, dropout({ name: 'drop', rate })),
        );
        return connect(x, ...convolution('last', 100, 1));
      },
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          globalAveragePooling2d({ name: 'avgpool' }),
          dropout({ name: 'fc_drop', rate }),
          dense({ name: 'fc', units: numClasses }),
        ),
    },
    options,
  );
}
