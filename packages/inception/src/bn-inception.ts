/** BN-Inception: Ioffe and Szegedy, "Batch normalization" (2015), section 4.2 and the table of its appendix, figure 5. */
import {
  adaptiveAveragePooling2d,
  buildModel,
  connect,
  conv2d,
  convBatchNormRelu,
  dense,
  double3x3Inception,
  flatten,
  gridReduction,
  type ModelOptions,
  maxPooling2d,
  truncatedNormal,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

type Row = readonly [
  name: string,
  /** 0 where the module halves the grid. */
  branch1x1: number,
  reduce3x3: number,
  branch3x3: number,
  reduceDouble3x3: number,
  branchDouble3x3: number,
  pooling: 'average' | 'max',
  /** Null where the pooled channels pass through. */
  poolProjection: number | null,
];

// biome-ignore format: reads as the paper's table
const modules: readonly Row[] = [
  //             #1x1 #3x3   #3x3 double #3x3 double pool                  28x28x192
  //                  reduce      reduce      #3x3
  ['inception3a',  64,  64,   64,  64,         96,   'average',   32], // 28x28x256
  ['inception3b',  64,  64,   96,  64,         96,   'average',   64], // 28x28x320
  ['inception3c',   0, 128,  160,  64,         96,   'max',     null], // 14x14x576
  ['inception4a', 224,  64,   96,  96,        128,   'average',  128], // 14x14x576
  ['inception4b', 192,  96,  128,  96,        128,   'average',  128], // 14x14x576
  ['inception4c', 160, 128,  160, 128,        160,   'average',   96], // 14x14x576
  ['inception4d',  96, 128,  192, 160,        192,   'average',   96], // 14x14x576
  ['inception4e',   0, 128,  192, 192,        256,   'max',     null], // 7x7x1024
  ['inception5a', 352, 192,  320, 160,        224,   'average',  128], // 7x7x1024
  ['inception5b', 352, 192,  320, 192,        224,   'max',      128], // 7x7x1024
];

function module(
  x: SymbolicTensor,
  [name, branch1x1, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3, pooling, poolProjection]: Row,
): SymbolicTensor {
  const widths = { name, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3 };
  return poolProjection === null
    ? gridReduction(x, { ...widths, padding: 1 })
    : double3x3Inception(x, { ...widths, branch1x1, pooling, poolProjection });
}

/**
 * BN-Inception: GoogLeNet with batch norm after every convolution and two 3x3 convolutions for each 5x5 one. The first convolution is
 * separable, eight 7x7 filters for each channel and then a 1x1 convolution. 11,189,784 parameters.
 *
 * Modules are named as in torchvision's GoogLeNet, what is in them as in its Inception-v3 (`inception3a.branch3x3dbl_1.conv`).
 * @param options see `ModelOptions`. Any input size is possible, and unknown height and width (null). Batch norm made the auxiliary
 *   classifiers and dropout superfluous.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { bnInception } from '@cnnzoo/inception';
 *
 * const model = bnInception({ numClasses: 10, seed: 1 });
 */
export function bnInception(options: ModelOptions = {}): LayersModel {
  return buildModel(
    {
      id: 'bn_inception',
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 1 },
      preprocessing: 'imagenet',
      initialWeights: { dense: { kernel: truncatedNormal({ deviation: 0.01 }) } },
      features: (input, { inputShape: [, , channels] }) => {
        const depthwise = { filters: 8 * channels, groups: channels, useBias: false };
        const stem = connect(
          convBatchNormRelu(
            connect(input, conv2d({ name: 'conv1.depthwise', ...depthwise, kernelSize: 7, stride: 2, padding: 3 })),
            { name: 'conv1', filters: 64, kernelSize: 1, epsilon: 1e-3 },
          ), // 112x112x64
          maxPooling2d({ name: 'maxpool1', poolSize: 3, stride: 2, padding: 1 }), // 56x56x64
        );
        const conv2 = convBatchNormRelu(stem, { name: 'conv2', filters: 64, kernelSize: 1, epsilon: 1e-3 });
        const conv3 = convBatchNormRelu(conv2, {
          name: 'conv3',
          filters: 192,
          kernelSize: 3,
          padding: 1,
          epsilon: 1e-3,
        }); // 56x56x192
        const pooled = connect(conv3, maxPooling2d({ name: 'maxpool2', poolSize: 3, stride: 2, padding: 1 }));
        return modules.reduce<SymbolicTensor>(module, pooled);
      },
      classifier: (features, { numClasses }) =>
        // Repeated in @cnnzoo/resnet: a network is written out layer by layer, and reads as its paper's table does.
        connect(
          features,
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 1 }),
          flatten({ name: 'flatten' }),
          dense({ name: 'fc', units: numClasses }),
        ),
    },
    options,
  );
}
