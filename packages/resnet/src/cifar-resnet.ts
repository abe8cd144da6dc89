/** The networks of He et al. (2015), section 4.2, and He et al. (2016), for CIFAR's 32x32 images. */
import {
  adaptiveAveragePooling2d,
  basicBlock,
  batchNorm,
  buildModel,
  connect,
  conv2d,
  dense,
  flatten,
  kaimingNormal,
  type ModelOptions,
  plainBlock,
  preActivationBottleneckBlock,
  relu,
  type ShortcutType,
} from '@cnnzoo/blocks';
import { check, oneOf, optional } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The options of `cifarPlain`. */
export interface CifarPlainOptions extends ModelOptions {
  /** Layers with weights: 6 n + 2, n blocks a stage. */
  readonly depth: 20 | 32 | 44 | 56 | 110;
}

/** The options of `cifarResnet`. */
export interface CifarResnetOptions extends ModelOptions {
  /** Layers with weights: 6 n + 2, n blocks a stage. */
  readonly depth: 20 | 32 | 44 | 56 | 110 | 1202;
  /** Default 'A', as in the paper: without weights. */
  readonly shortcut?: ShortcutType;
}

/** The options of `cifarPreActResnet`. */
export interface CifarPreActResnetOptions extends ModelOptions {
  /** Layers with weights: 9 n + 2, n blocks a stage. */
  readonly depth: 164 | 1001;
  /** Default 'B', as in the paper. */
  readonly shortcut?: ShortcutType;
}

interface CifarArchitecture {
  readonly name: string;
  readonly depths: readonly number[];
  /** Convolutions in a block. */
  readonly layersPerBlock: 2 | 3;
  readonly hasShortcut: boolean;
  /** conv1, before the first stage, without its convolution. */
  readonly stemActivation: boolean;
  readonly block: (x: SymbolicTensor, options: { name: string; filters: number; stride: number }) => SymbolicTensor;
}

// The paper's table of section 4.2:
//
//   output size   32x32    16x16   8x8
//   layers        1 + 2n   2n      2n
//   filters       16       32      64
const stageFilters = [16, 32, 64] as const;

/** Layers are named as in the PyTorch code that everyone trains on CIFAR with: akamaster's, and kuangliu's for pre-activation. */
function build(architecture: CifarArchitecture, { depth, ...options }: ModelOptions & { depth: number }): LayersModel {
  const { name, depths, layersPerBlock, hasShortcut, stemActivation, block } = architecture;
  check('depth', depth, oneOf(depths));
  const blocks = (depth - 2) / (3 * layersPerBlock);
  const activation = (suffix: string) => [batchNorm({ name: `bn${suffix}` }), relu({ name: 'relu' })];
  return buildModel<{ shortcut?: ShortcutType }>(
    {
      id: `${name}${depth}`,
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 1 },
      ...(hasShortcut ? { ownOptions: { shortcut: optional(oneOf(['A', 'B', 'C'])) } } : {}),
      preprocessing: 'cifar',
      initialWeights: { conv2d: { kernel: kaimingNormal() }, dense: { kernel: kaimingNormal() } },
      features: (input) => {
        let x: SymbolicTensor = connect(
          input,
          conv2d({ name: 'conv1', filters: 16, kernelSize: 3, padding: 1, useBias: false }),
          ...(stemActivation ? activation('1') : []),
        );
        stageFilters.forEach((filters, stage) => {
          for (let index = 0; index < blocks; index++)
            x = block(x, {
              name: `layer${stage + 1}.${index}`,
              filters,
              stride: index === 0 && stage > 0 ? 2 : 1,
            });
        });
        return stemActivation ? x : connect(x, ...activation(''));
      },
      classifier: (features, { numClasses }) =>
        connect(
          features,
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 1 }),
          flatten({ name: 'flatten' }),
          dense({ name: 'linear', units: numClasses }),
        ),
    },
    options,
  );
}

/**
 * The plain networks for CIFAR: He et al. (2015), figure 6, left. As many parameters as the ResNets with shortcut A.
 * @param options see `ModelOptions`; `depth` 20, 32, 44, 56 or 110
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarPlain } from '@cnnzoo/resnet';
 *
 * const model = cifarPlain({ depth: 56, seed: 1 });
 */
export function cifarPlain(options: CifarPlainOptions): LayersModel {
  return build(
    {
      name: 'cifar_plain',
      depths: [20, 32, 44, 56, 110],
      layersPerBlock: 2,
      hasShortcut: false,
      stemActivation: true,
      block: plainBlock,
    },
    options,
  );
}

/**
 * ResNet for CIFAR: He et al. (2015), section 4.2 and table 6. With shortcut A, parameters by depth: 20: 269,722; 32: 464,154;
 * 44: 658,586; 56: 853,018; 110: 1,727,962; 1202: 19,421,274.
 * @param options see `ModelOptions`; `depth` 20, 32, 44, 56, 110 or 1202; `shortcut`
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarResnet } from '@cnnzoo/resnet';
 *
 * const model = cifarResnet({ depth: 20, seed: 1 });
 */
export function cifarResnet(options: CifarResnetOptions): LayersModel {
  const { shortcut = 'A' } = options;
  return build(
    {
      name: 'cifar_resnet',
      depths: [20, 32, 44, 56, 110, 1202],
      layersPerBlock: 2,
      hasShortcut: true,
      stemActivation: true,
      block: (x, block) => basicBlock(x, { ...block, shortcut, shortcutName: 'shortcut' }),
    },
    options,
  );
}

/**
 * Pre-activation ResNet for CIFAR: He et al. (2016), table 4. Bottleneck blocks; batch norm and ReLU before each convolution and once
 * more after the last block. 1,703,258 parameters with depth 164, 10,327,706 with 1001.
 * @param options see `ModelOptions`; `depth` 164 or 1001; `shortcut`
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarPreActResnet } from '@cnnzoo/resnet';
 *
 * const model = cifarPreActResnet({ depth: 164, seed: 1 });
 */
export function cifarPreActResnet(options: CifarPreActResnetOptions): LayersModel {
  const { shortcut = 'B' } = options;
  return build(
    {
      name: 'cifar_preact_resnet',
      depths: [164, 1001],
      layersPerBlock: 3,
      hasShortcut: true,
      stemActivation: false,
      block: (x, { name, filters, stride }) =>
        preActivationBottleneckBlock(x, { name, width: filters, stride, shortcut }),
    },
    options,
  );
}
