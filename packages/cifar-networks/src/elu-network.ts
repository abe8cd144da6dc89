/** ELU networks: Clevert et al., "Fast and accurate deep network learning by exponential linear units" (2015), section 4. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dropout,
  elu,
  globalAveragePooling2d,
  kaimingNormal,
  maxPooling2d,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

type Stack = readonly (readonly [kernelSize: 1 | 2 | 3 | 5, filters: number])[];

// Even kernels are padded at the right and below. The first five stacks are pooled. The 1x1 convolution to the classes is the classifier's.
// biome-ignore format: reads as the paper's lists
const variants = {
  cifar_elu11: [
    [[5, 192]],
    [[1, 192], [3, 240]],
    [[1, 240], [2, 260]],
    [[1, 260], [2, 280]],
    [[1, 280], [2, 300]],
    [[1, 300]],
  ],
  cifar_elu18: [
    [[3, 384]],
    [[1, 384], [2, 384], [2, 640], [2, 640]],
    [[1, 640], [2, 768], [2, 768], [2, 768]],
    [[1, 768], [2, 896], [2, 896]],
    [[3, 896], [2, 1024], [2, 1024]],
    [[1, 1024], [2, 1152]],
    [[1, 1152]],
  ],
} as const satisfies Record<string, readonly Stack[]>;

/** Rates of dropout after each stack, as shares of the largest, the paper's 0.5. */
const dropoutShares = [0, 0.2, 0.4, 0.6, 0.8, 1, 0];

function build(id: keyof typeof variants, numClasses: number, options: DropoutModelOptions): LayersModel {
  const stacks: readonly Stack[] = variants[id];
  const bias = constant(0);
  return buildModel(
    {
      id,
      defaults: { numClasses, inputShape: [32, 32, 3], smallestInput: 32, dropout: 0.5 },
      preprocessing: 'cifar',
      initialWeights: { conv2d: { kernel: kaimingNormal(), bias } },
      features: (input, { dropout: rate }) =>
        stacks.reduce<SymbolicTensor>((x, stack, index) => {
          const name = `stack${index + 1}`;
          const share = dropoutShares[index] ?? 0;
          return connect(
            x,
            ...stack.flatMap(([kernelSize, filters], layer) => [
              conv2d({ name: `${name}.${layer}.conv`, filters, kernelSize, padding: 'same' }),
              elu({ name: `${name}.${layer}.elu` }),
            ]),
            ...(index < 5 ? [maxPooling2d({ name: `${name}.pool`, poolSize: 2 })] : []),
            ...(share > 0 ? [dropout({ name: `${name}.drop`, rate: share * rate })] : []),
          );
        }, input),
      classifier: (features, options) =>
        connect(
          features,
          conv2d({ name: 'classifier', filters: options.numClasses, kernelSize: 1 }),
          globalAveragePooling2d({ name: 'pool' }),
        ),
    },
    options,
  );
}

/**
 * The ELU network of 11 layers: Clevert et al. (2015), section 4.2. 1,669,028 parameters with CIFAR-100's classes.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise: the largest rate, after the sixth stack; those before have
 *   a fifth of it each more than the one before. Smallest input 32x32
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 100]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarElu11 } from '@cnnzoo/cifar-networks';
 *
 * const model = cifarElu11({ numClasses: 10, seed: 1 });
 */
export function cifarElu11(options: DropoutModelOptions = {}): LayersModel {
  return build('cifar_elu11', 100, options);
}

/**
 * The ELU network of 18 layers: Clevert et al. (2015), section 4.3. 39,330,404 parameters with CIFAR-100's classes; 6.55 % error on
 * CIFAR-10 and 24.28 % on CIFAR-100 in the paper. See {@link cifarElu11}.
 */
export function cifarElu18(options: DropoutModelOptions = {}): LayersModel {
  return build('cifar_elu18', 100, options);
}
