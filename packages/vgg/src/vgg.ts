/** VGG: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014). */
import {
  adaptiveAveragePooling2d,
  batchNorm,
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
  normal,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A convolution of this kernel size with ReLU, or local response normalization after the one before. */
type Entry = 3 | 1 | 'LRN';

// The paper's table 1, a column a row: kernel sizes between the max poolings. Convolutions have stride 1 and keep the grid.
// biome-ignore format: reads as the paper's table
const columns = {
  //               conv-64      conv-128  conv-256      conv-512      conv-512
  vgg11:        [ [3],         [3],      [3, 3],       [3, 3],       [3, 3]       ], // A
  vgg11_lrn:    [ [3, 'LRN'],  [3],      [3, 3],       [3, 3],       [3, 3]       ], // A-LRN
  vgg13:        [ [3, 3],      [3, 3],   [3, 3],       [3, 3],       [3, 3]       ], // B
  vgg16_c:      [ [3, 3],      [3, 3],   [3, 3, 1],    [3, 3, 1],    [3, 3, 1]    ], // C
  vgg16:        [ [3, 3],      [3, 3],   [3, 3, 3],    [3, 3, 3],    [3, 3, 3]    ], // D
  vgg19:        [ [3, 3],      [3, 3],   [3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3] ], // E
} as const satisfies Record<string, readonly (readonly Entry[])[]>;

const stageFilters = [64, 128, 256, 512, 512] as const;

type Column = keyof typeof columns;

/** `features.0`, `features.1` and so on, as in torchvision: a count over convolutions, batch norms, ReLUs and poolings. */
function featureLayers(column: Column, normalized: boolean) {
  let count = 0;
  const name = () => `features.${count++}`;
  const layers = (entry: Entry, filters: number) =>
    entry === 'LRN'
      ? [localResponseNormalization({ name: name() })]
      : [
          conv2d({ name: name(), filters, kernelSize: entry, padding: (entry - 1) / 2 }),
          ...(normalized ? [batchNorm({ name: name() })] : []),
          relu({ name: name() }),
        ];
  return stageFilters.flatMap((filters, stage) => [
    ...(columns[column][stage] ?? []).flatMap((entry) => layers(entry, filters)),
    maxPooling2d({ name: name(), poolSize: 2 }),
  ]);
}

function build(column: Column, options: DropoutModelOptions, normalized = false): LayersModel {
  return buildModel(
    {
      id: normalized ? `${column}_bn` : column,
      defaults: {
        numClasses: 1000,
        inputShape: [224, 224, 3],
        // Five poolings halve the grid.
        smallestInput: 32,
        dropout: 0.5,
      },
      preprocessing: 'imagenet',
      // torchvision's. The paper's normal ones with deviation 0.01 let only column A learn from scratch.
      initialWeights: {
        conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }), bias: constant(0) },
        dense: { kernel: normal({ deviation: 0.01 }), bias: constant(0) },
      },
      features: (input) => connect(input, ...featureLayers(column, normalized)),
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          // 7x7 already where the input is the paper's 224x224.
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 7 }),
          flatten({ name: 'flatten' }),
          dense({ name: 'classifier.0', units: 4096 }),
          relu({ name: 'classifier.1' }),
          dropout({ name: 'classifier.2', rate }),
          dense({ name: 'classifier.3', units: 4096 }),
          relu({ name: 'classifier.4' }),
          dropout({ name: 'classifier.5', rate }),
          dense({ name: 'classifier.6', units: numClasses }),
        ),
    },
    options,
  );
}

/**
 * VGG-11, column A of table 1. 132,863,336 parameters, 7.6 GMACs.
 * @param options see `ModelOptions`; `dropout`, default 0.5, after both hidden dense layers. Smallest input 32x32; height and
 *   width may be unknown (null).
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { vgg11 } from '@cnnzoo/vgg';
 *
 * const model = vgg11({ numClasses: 10, inputShape: [64, 64, 3], seed: 1 });
 */
export function vgg11(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg11', options);
}

/**
 * VGG-11 with local response normalization, column A-LRN of table 1. 132,863,336 parameters. It is no better than A: table 3.
 * See {@link vgg11}.
 */
export function vgg11Lrn(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg11_lrn', options);
}

/** VGG-13, column B of table 1. 133,047,848 parameters, 11.3 GMACs. See {@link vgg11}. */
export function vgg13(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg13', options);
}

/**
 * VGG-16 with 1x1 convolutions, column C of table 1. 133,638,952 parameters. Where D has a third 3x3 convolution in a stage, C has a 1x1
 * one. See {@link vgg11}.
 */
export function vgg16c(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg16_c', options);
}

/** VGG-16, column D of table 1. 138,357,544 parameters, 15.5 GMACs. See {@link vgg11}. */
export function vgg16(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg16', options);
}

/** VGG-19, column E of table 1. 143,667,240 parameters, 19.6 GMACs. See {@link vgg11}. */
export function vgg19(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg19', options);
}

/** VGG-11 with batch norm before each ReLU of a convolution, as in torchvision. 132,868,840 parameters. See {@link vgg11}. */
export function vgg11Bn(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg11', options, true);
}

/** VGG-13 with batch norm. 133,053,736 parameters. See {@link vgg11}. */
export function vgg13Bn(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg13', options, true);
}

/** VGG-16 with batch norm. 138,365,992 parameters. See {@link vgg11}. */
export function vgg16Bn(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg16', options, true);
}

/** VGG-19 with batch norm. 143,678,248 parameters. See {@link vgg11}. */
export function vgg19Bn(options: DropoutModelOptions = {}): LayersModel {
  return build('vgg19', options, true);
}
