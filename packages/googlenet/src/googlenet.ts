/** GoogLeNet: Szegedy et al., "Going deeper with convolutions" (2014). */
import {
  type Architecture,
  type AuxiliaryModelOptions,
  adaptiveAveragePooling2d,
  buildModel,
  connect,
  constant,
  convBatchNormRelu,
  dense,
  dropout,
  flatten,
  glorotUniform,
  googlenetAuxiliaryClassifier,
  type InitialWeights,
  inception,
  localResponseNormalization,
  maxPooling2d,
  truncatedNormal,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A module: channels of the four branches of figure 2 (b), as columns of table 1. */
type Module = readonly [
  name: string,
  branch1x1: number,
  reduce3x3: number,
  branch3x3: number,
  reduce5x5: number,
  branch5x5: number,
  poolProjection: number,
];

// Table 1 from inception (3a) on; a string is a max pooling, and an auxiliary classifier sits on (4a) and (4d).
// biome-ignore format: reads as the paper's table
const modules: readonly (Module | string)[] = [
  //               #1x1 #3x3 reduce #3x3 #5x5 reduce #5x5 pool proj    28x28x192
  ['inception3a',    64,         96, 128,         16,  32,        32], // 28x28x256
  ['inception3b',   128,        128, 192,         32,  96,        64], // 28x28x480
  'maxpool3',                                                          // 14x14x480
  ['inception4a',   192,         96, 208,         16,  48,        64], // 14x14x512
  ['inception4b',   160,        112, 224,         24,  64,        64], // 14x14x512
  ['inception4c',   128,        128, 256,         24,  64,        64], // 14x14x512
  ['inception4d',   112,        144, 288,         32,  64,        64], // 14x14x528
  ['inception4e',   256,        160, 320,         32, 128,       128], // 14x14x832
  'maxpool4',                                                          // 7x7x832
  ['inception5a',   256,        160, 320,         32, 128,       128], // 7x7x832
  ['inception5b',   384,        192, 384,         48, 128,       128], // 7x7x1024
];

interface Variant {
  readonly id: 'googlenet' | 'googlenet_paper';
  /** Whether convolutions have batch norm, or a bias and the stem local response normalization. */
  readonly batchNorm: boolean;
  /** Of the convolution that is 5x5 in the paper. */
  readonly kernelSize5x5: 3 | 5;
  /** Of `maxpool4`, with stride 2. */
  readonly lastPoolSize: 2 | 3;
  readonly auxiliaryPooling: 'adaptive' | 'fixed';
  readonly dropout: number;
  readonly smallestInput: number;
  /** Where the auxiliary classifiers' pooling is fixed. */
  readonly smallestInputWithHeads: number;
  readonly preprocessing: Architecture['preprocessing'];
  readonly initialWeights: Pick<InitialWeights, 'conv2d' | 'dense'>;
}

function build(variant: Variant, options: AuxiliaryModelOptions): LayersModel {
  const { id, batchNorm, dropout: rate } = variant;
  const withHeads = options?.auxiliaryHeads === true;
  return buildModel(
    {
      id,
      defaults: {
        numClasses: 1000,
        inputShape: [224, 224, 3],
        smallestInput: withHeads ? variant.smallestInputWithHeads : variant.smallestInput,
        // The heads' dense layers take a grid that fixed pooling leaves.
        knownInputSize: withHeads && variant.auxiliaryPooling === 'fixed',
        dropout: rate,
        auxiliaryHeads: true,
      },
      preprocessing: variant.preprocessing,
      initialWeights: variant.initialWeights,
      features: (input, { numClasses, auxiliaryHeads }) => {
        const auxiliaryLogits: SymbolicTensor[] = [];
        const attachHead = (x: SymbolicTensor, name: string) =>
          auxiliaryLogits.push(
            googlenetAuxiliaryClassifier(x, {
              name,
              numClasses,
              batchNorm,
              pooling: variant.auxiliaryPooling,
              ...(options.dropout === undefined ? {} : { dropout: options.dropout }),
            }),
          );
        const features = modules.reduce<SymbolicTensor>(
          (x, row) => {
            if (typeof row === 'string') return connect(x, pooling(row, row === 'maxpool4' ? variant.lastPoolSize : 3));
            const [name, branch1x1, reduce3x3, branch3x3, reduce5x5, branch5x5, poolProjection] = row;
            const y = inception(x, {
              name,
              batchNorm,
              branch1x1,
              reduce3x3,
              branch3x3,
              reduce5x5,
              branch5x5,
              poolProjection,
              kernelSize5x5: variant.kernelSize5x5,
            });
            if (auxiliaryHeads && name === 'inception4a') attachHead(y, 'aux1');
            if (auxiliaryHeads && name === 'inception4d') attachHead(y, 'aux2');
            return y;
          },
          stem(input, batchNorm),
        );
        return { features, auxiliaryLogits };
      },
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          // 7x7 to 1x1 at 224x224
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 1 }),
          flatten({ name: 'flatten' }),
          dropout({ name: 'dropout', rate }),
          dense({ name: 'fc', units: numClasses }),
        ),
    },
    options,
  );
}

/** Sizes are rounded up, as in Caffe: 112 to 56, 28, 14 and 7. */
function pooling(name: string, poolSize: number) {
  return maxPooling2d({ name, poolSize, stride: 2, ceilMode: true });
}

/** The rows of table 1 before inception (3a); the paper's network normalizes responses as figure 3 shows. */
function stem(input: SymbolicTensor, batchNorm: boolean): SymbolicTensor {
  const convolution = (x: SymbolicTensor, options: { name: string; filters: number; kernelSize: number }, stride = 1) =>
    convBatchNormRelu(x, { ...options, stride, padding: (options.kernelSize - 1) / 2, batchNorm, epsilon: 1e-3 });
  const normalization = (name: string) => (batchNorm ? [] : [localResponseNormalization({ name })]);

  const conv1 = convolution(input, { name: 'conv1', filters: 64, kernelSize: 7 }, 2); // 112x112x64
  const pool1 = connect(conv1, pooling('maxpool1', 3), ...normalization('norm1')); // 56x56x64
  const conv2 = convolution(pool1, { name: 'conv2', filters: 64, kernelSize: 1 }); // 56x56x64, "#3x3 reduce"
  const conv3 = convolution(conv2, { name: 'conv3', filters: 192, kernelSize: 3 }); // 56x56x192
  return connect(conv3, ...normalization('norm2'), pooling('maxpool2', 3)); // 28x28x192
}

/**
 * GoogLeNet as torchvision has it: batch norm after every convolution, 3x3 convolutions where the paper has 5x5 ones, the auxiliary
 * classifiers on any grid. 6,624,904 parameters, 13,004,888 with auxiliary heads, 1.5 GMACs.
 * @param options see `ModelOptions`; `auxiliaryHeads` adds the logits after (4a) and (4d) as second and third output, whose
 *   losses count 0.3 each in the paper; `dropout` is 0.2 before the main classifier and 0.7 in the heads, or what you say in all of
 *   them. Smallest input 15x15; height and width may be unknown (null).
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000], or three of them
 * @throws TypeError or RangeError naming the option
 * @example
 * import { googlenet } from '@cnnzoo/googlenet';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const model = googlenet({ numClasses: 10, auxiliaryHeads: true, seed: 1 });
 * const [logits, aux1, aux2] = model.predict(images) as tf.Tensor2D[];
 */
export function googlenet(options: AuxiliaryModelOptions = {}): LayersModel {
  return build(
    {
      id: 'googlenet',
      batchNorm: true,
      kernelSize5x5: 3,
      lastPoolSize: 2,
      auxiliaryPooling: 'adaptive',
      dropout: 0.2,
      smallestInput: 15,
      smallestInputWithHeads: 15,
      preprocessing: 'tensorflow',
      initialWeights: {
        conv2d: { kernel: truncatedNormal({ deviation: 0.01 }) },
        dense: { kernel: truncatedNormal({ deviation: 0.01 }) },
      },
    },
    options,
  );
}

/**
 * GoogLeNet as in the paper of 2014: table 1 and figure 3, with biases instead of batch norm, local response normalization in the
 * stem, 5x5 convolutions, and 5x5 average pooling with stride 3 in the heads. 6,998,552 parameters, 13,378,280 with auxiliary heads.
 * @param options see `ModelOptions`; `auxiliaryHeads` as of `googlenet`; `dropout` is 0.4 before the main classifier and 0.7 in the
 *   heads, or what you say in all of them. Smallest input 31x31, and 79x79 with heads, whose dense layers depend on it.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000], or three of them
 * @throws TypeError or RangeError naming the option
 * @example
 * import { googlenetPaper } from '@cnnzoo/googlenet';
 *
 * const model = googlenetPaper({ numClasses: 10, seed: 1 });
 */
export function googlenetPaper(options: AuxiliaryModelOptions = {}): LayersModel {
  return build(
    {
      id: 'googlenet_paper',
      batchNorm: false,
      kernelSize5x5: 5,
      lastPoolSize: 3,
      auxiliaryPooling: 'fixed',
      dropout: 0.4,
      smallestInput: 31,
      smallestInputWithHeads: 79,
      preprocessing: 'imagenet',
      // The paper does not say; these are close to Caffe's, which reproduced its figures.
      initialWeights: {
        conv2d: { kernel: glorotUniform(), bias: constant(0.2) },
        dense: { kernel: glorotUniform(), bias: constant(0) },
      },
    },
    options,
  );
}
