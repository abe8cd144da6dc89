import {
  basicBlock,
  batchNorm,
  buildModel,
  connect,
  conv2d,
  dense,
  globalAveragePooling2d,
  type ModelOptions,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** One row a stage: its channels, and the stride of its block. */
const stages = [
  { filters: 8, stride: 1 }, // 32x32
  { filters: 16, stride: 2 }, // 16x16
] as const;

/**
 * A small residual network. Change the table and the layers to what your network is. A layer's name is the path of its module in
 * PyTorch, so weights that PyTorch saved load without a table of names.
 * @param options see `ModelOptions` of `@cnnzoo/blocks`; `numClasses` is 10 and `inputShape` [32, 32, 3] unless you say otherwise
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]; 5,266 parameters
 * @throws TypeError or RangeError naming the option
 * @example
 * import { networkName } from 'package-name';
 *
 * const model = networkName({ numClasses: 5, seed: 1 });
 */
export function networkName(options: ModelOptions = {}): LayersModel {
  return buildModel(
    {
      id: 'file-name',
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 2 },
      preprocessing: 'cifar',
      features: (input) => {
        let x = connect(
          input,
          conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 1, useBias: false }),
          batchNorm({ name: 'bn1' }),
          relu({ name: 'relu' }),
        );
        for (const [index, { filters, stride }] of stages.entries())
          x = basicBlock(x, { name: `layer${index + 1}.0`, filters, stride });
        return x;
      },
      classifier: (features, { numClasses }) =>
        connect(features, globalAveragePooling2d({ name: 'avgpool' }), dense({ name: 'fc', units: numClasses })),
    },
    options,
  );
}
