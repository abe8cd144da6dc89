/**
 * What Inception-v2 and -v3 share: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015). A stem, modules
 * for three grids with a reduction between, and a classifier.
 */
import {
  type AuxiliaryModelOptions,
  adaptiveAveragePooling2d,
  asymmetricGridReduction,
  asymmetricInception,
  buildModel,
  connect,
  convBatchNormRelu,
  dense,
  double3x3Inception,
  dropout,
  expandedInception,
  flatten,
  gridReduction,
  inceptionAuxiliaryClassifier,
  maxPooling2d,
  type OptionRules,
  truncatedNormal,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A convolution with batch norm and ReLU, or a max pooling of 3x3 with stride 2. Without padding where none is said. */
export type StemRow =
  | readonly [name: string, kernelSize: number, stride: number, filters: number, padding?: number]
  | string;

/** A module for the 35x35 grid: figure 5. */
export type Figure5Row = readonly [
  name: string,
  branch1x1: number,
  reduce3x3: number,
  branch3x3: number,
  reduceDouble3x3: number,
  branchDouble3x3: number,
  poolProjection: number,
];

/** A module for the 17x17 grid: figure 6. Its four branches end with 192 channels each. */
export type Figure6Row = readonly [name: string, reducedFilters: number];

export interface FactorizedNetwork<Own extends object> {
  readonly id: string;
  readonly stem: readonly StemRow[];
  readonly figure5: readonly Figure5Row[];
  /** Of the second branch of figure 5. */
  readonly kernelSize3x3: 3 | 5;
  readonly figure6: readonly Figure6Row[];
  readonly auxiliaryBatchNorm: boolean;
  /** Whether the average pooling of the modules' branches counts the padding as zeros. Default true, as in torchvision. */
  readonly countIncludePad?: boolean;
  readonly ownOptions: OptionRules<Own>;
}

/** The auxiliary head needs a grid of 17x17 for its 5x5 pooling and 5x5 convolution; the network itself one of 1x1 at the end. */
const smallestInput = 75;
const smallestInputWithHead = 299;

export function buildFactorizedNetwork<Own extends object>(
  network: FactorizedNetwork<Own>,
  options: AuxiliaryModelOptions & Own,
): LayersModel {
  return buildModel(
    {
      id: network.id,
      defaults: {
        numClasses: 1000,
        inputShape: [299, 299, 3],
        smallestInput: options?.auxiliaryHeads === true ? smallestInputWithHead : smallestInput,
        dropout: 0.5,
        auxiliaryHeads: true,
      },
      ownOptions: network.ownOptions,
      preprocessing: 'inception',
      initialWeights: {
        conv2d: { kernel: truncatedNormal({ deviation: 0.1 }) },
        dense: { kernel: truncatedNormal({ deviation: 0.1 }) },
      },
      features: (input, { numClasses, auxiliaryHeads }) => {
        const { kernelSize3x3, countIncludePad = true } = network;
        const grid35 = network.figure5.reduce(
          (x, row) => figure5(x, row, { kernelSize3x3, countIncludePad }),
          stem(input, network),
        );
        const grid17 = network.figure6.reduce<SymbolicTensor>(
          (x, [name, reducedFilters]) =>
            asymmetricInception(x, { name, reducedFilters, poolProjection: 192, countIncludePad }),
          gridReduction(grid35, { name: 'Mixed_6a', branch3x3: 384, reduceDouble3x3: 64, branchDouble3x3: 96 }), // 17x17x768
        );
        const head = { name: 'AuxLogits', numClasses, batchNorm: network.auxiliaryBatchNorm };
        const auxiliaryLogits = auxiliaryHeads ? [inceptionAuxiliaryClassifier(grid17, head)] : [];
        const grid8 = asymmetricGridReduction(grid17, { name: 'Mixed_7a' }); // 8x8x1280
        const features = ['Mixed_7b', 'Mixed_7c'].reduce<SymbolicTensor>(
          (x, name) => expandedInception(x, { name, poolProjection: 192, countIncludePad }), // 8x8x2048, figure 7
          grid8,
        );
        return { features, auxiliaryLogits };
      },
      classifier: (features, { numClasses, dropout: rate }) =>
        // Repeated in @cnnzoo/googlenet and @cnnzoo/resnet: a network is written out layer by layer, and reads as its paper's table does.
        connect(
          features,
          // 8x8 to 1x1 at 299x299
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 1 }),
          dropout({ name: 'dropout', rate }),
          flatten({ name: 'flatten' }),
          dense({ name: 'fc', units: numClasses }),
        ),
    },
    options,
  );
}

function stem(input: SymbolicTensor, network: Pick<FactorizedNetwork<object>, 'stem'>): SymbolicTensor {
  return network.stem.reduce<SymbolicTensor>((x, row) => {
    if (typeof row === 'string') return connect(x, maxPooling2d({ name: row, poolSize: 3, stride: 2 }));
    const [name, kernelSize, stride, filters, padding = 0] = row;
    return convBatchNormRelu(x, { name, filters, kernelSize, stride, padding, epsilon: 1e-3 });
  }, input);
}

function figure5(
  x: SymbolicTensor,
  [name, branch1x1, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3, poolProjection]: Figure5Row,
  options: { readonly kernelSize3x3: 3 | 5; readonly countIncludePad: boolean },
): SymbolicTensor {
  const widths = { branch1x1, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3, poolProjection };
  return double3x3Inception(x, { name, ...widths, ...options });
}
