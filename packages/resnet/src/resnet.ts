/** ResNet for ImageNet, and the networks that differ from it in a number or two. */

import {
  type Architecture,
  adaptiveAveragePooling2d,
  basicBlock,
  batchNorm,
  bottleneckBlock,
  buildModel,
  connect,
  conv2d,
  dense,
  flatten,
  kaimingNormal,
  type ModelOptions,
  maxPooling2d,
  plainBlock,
  relu,
  type ShortcutType,
} from '@cnnzoo/blocks';
import { type OptionRules, oneOf, optional } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The options of the networks with basic blocks. */
export interface ResNetOptions extends ModelOptions {
  /** How a block's input is added where the shape changes: He et al. (2015), table 3. Default 'B', projections. */
  readonly shortcut?: ShortcutType;
}

/** The options of the networks with bottleneck blocks. */
export interface BottleneckResNetOptions extends ResNetOptions {
  /** Where a stage's first block halves the grid: at the 3x3 convolution, or at the first 1x1 one as in the paper. Default 'v1.5'. */
  readonly variant?: 'v1' | 'v1.5';
}

interface Variant {
  readonly block: 'plain' | 'basic' | 'bottleneck';
  /** Blocks of conv2_x to conv5_x, our layer1 to layer4. */
  readonly blocks: readonly [number, number, number, number];
  /** Groups of the 3x3 convolutions. */
  readonly groups?: number;
  /** Channels of a group in layer1. */
  readonly widthPerGroup?: number;
}

// He et al., "Deep residual learning for image recognition" (2015), table 1; section 4.1 for the plain networks.
// ResNeXt: Xie et al., "Aggregated residual transformations for deep neural networks" (2016), table 1.
// Wide ResNet: Zagoruyko and Komodakis, "Wide residual networks" (2016), table 8.
// biome-ignore format: reads as the papers' tables
const variants = {
  //                                       56x56 28x28 14x14 7x7
  plain18:           { block: 'plain',      blocks: [2, 2,  2, 2] },
  plain34:           { block: 'plain',      blocks: [3, 4,  6, 3] },
  resnet18:          { block: 'basic',      blocks: [2, 2,  2, 2] },
  resnet34:          { block: 'basic',      blocks: [3, 4,  6, 3] },
  resnet50:          { block: 'bottleneck', blocks: [3, 4,  6, 3] },
  resnet101:         { block: 'bottleneck', blocks: [3, 4, 23, 3] },
  resnet152:         { block: 'bottleneck', blocks: [3, 8, 36, 3] },
  resnext50_32x4d:   { block: 'bottleneck', blocks: [3, 4,  6, 3], groups: 32, widthPerGroup: 4 },
  resnext101_32x8d:  { block: 'bottleneck', blocks: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  wide_resnet50_2:   { block: 'bottleneck', blocks: [3, 4,  6, 3], widthPerGroup: 128 },
  wide_resnet101_2:  { block: 'bottleneck', blocks: [3, 4, 23, 3], widthPerGroup: 128 },
} as const satisfies Record<string, Variant>;

type OwnOptions = Omit<BottleneckResNetOptions, keyof ModelOptions>;

/** Channels of the stages' 3x3 convolutions: 64 at 56x56, 512 at 7x7. */
const stageFilters = [64, 128, 256, 512] as const;

/** Rules of the options that networks with this block have. */
function ownOptions({ block }: Variant): Pick<Architecture<OwnOptions>, 'ownOptions'> {
  const shortcut = optional(oneOf(['A', 'B', 'C']));
  const version = optional(oneOf(['v1', 'v1.5']));
  const rules = { ...(block !== 'plain' && { shortcut }), ...(block === 'bottleneck' && { variant: version }) };
  return { ownOptions: rules as OptionRules<OwnOptions> };
}

function build(id: keyof typeof variants, options: BottleneckResNetOptions): LayersModel {
  const variant: Variant = variants[id];
  const { shortcut = 'B', variant: version = 'v1.5' } = options;
  return buildModel<OwnOptions>(
    {
      id,
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 1 },
      ...ownOptions(variant),
      preprocessing: 'imagenet',
      initialWeights: { conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }) } },
      features: (input) => {
        // conv1, 112x112, and the pooling of conv2_x, 56x56
        const stem = connect(
          input,
          conv2d({ name: 'conv1', filters: 64, kernelSize: 7, stride: 2, padding: 3, useBias: false }),
          batchNorm({ name: 'bn1' }),
          relu({ name: 'relu' }),
          maxPooling2d({ name: 'maxpool', poolSize: 3, stride: 2, padding: 1 }),
        );
        return stageFilters.reduce<SymbolicTensor>((stage, filters, index) => {
          let x = stage;
          for (let block = 0; block < (variant.blocks[index] ?? 0); block++) {
            const name = `layer${index + 1}.${block}`;
            const stride = block === 0 && index > 0 ? 2 : 1;
            x = residualBlock(x, variant, { name, filters, stride, shortcut, version });
          }
          return x;
        }, stem);
      },
      classifier: (features, { numClasses }) =>
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

interface BlockOptions {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
  readonly shortcut: ShortcutType;
  readonly version: 'v1' | 'v1.5';
}

function residualBlock(x: SymbolicTensor, variant: Variant, { version, ...options }: BlockOptions): SymbolicTensor {
  const { block, groups = 1, widthPerGroup = 64 } = variant;
  const { name, filters, stride } = options;
  if (block === 'plain') return plainBlock(x, { name, filters, stride });
  if (block === 'basic') return basicBlock(x, options);
  return bottleneckBlock(x, {
    ...options,
    width: ((filters * widthPerGroup) / 64) * groups,
    filters: 4 * filters,
    groups,
    strideOn: version === 'v1' ? '1x1' : '3x3',
  });
}

/**
 * The plain network of 18 layers that ResNet-18 is compared with: He et al. (2015), table 2. 11,515,688 parameters.
 * @param options see `ModelOptions`
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { plain18 } from '@cnnzoo/resnet';
 *
 * const model = plain18({ numClasses: 10, seed: 1 });
 */
export function plain18(options: ModelOptions = {}): LayersModel {
  return build('plain18', options);
}

/** The plain network of 34 layers: He et al. (2015), figure 3, middle. 21,623,848 parameters. See {@link plain18}. */
export function plain34(options: ModelOptions = {}): LayersModel {
  return build('plain34', options);
}

/**
 * ResNet-18: He et al. (2015), table 1. Basic blocks. 11,689,512 parameters, 1.8 GMACs.
 * @param options see `ModelOptions`, and `shortcut`. Any input size is possible.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const model = resnet18({ numClasses: 10, inputShape: [64, 64, 3], seed: 1 });
 */
export function resnet18(options: ResNetOptions = {}): LayersModel {
  return build('resnet18', options);
}

/** ResNet-34: He et al. (2015), table 1 and figure 3, right. Basic blocks. 21,797,672 parameters, 3.7 GMACs. See {@link resnet18}. */
export function resnet34(options: ResNetOptions = {}): LayersModel {
  return build('resnet34', options);
}

/**
 * ResNet-50: He et al. (2015), table 1. Bottleneck blocks. 25,557,032 parameters, 4.1 GMACs (3.8 as `variant: 'v1'`).
 * @param options see `ModelOptions`; `variant` 'v1.5' has the stride where torchvision has it, 'v1' where the paper has it; `shortcut`.
 *   Any input size is possible.
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { features } from '@cnnzoo/blocks';
 * import { resnet50 } from '@cnnzoo/resnet';
 *
 * const model = resnet50({ seed: 1 });
 * const backbone = features(resnet50({ includeTop: false }), ['layer2', 'layer3', 'layer4']);
 */
export function resnet50(options: BottleneckResNetOptions = {}): LayersModel {
  return build('resnet50', options);
}

/** ResNet-101: He et al. (2015), table 1. Bottleneck blocks. 44,549,160 parameters, 7.8 GMACs. See {@link resnet50}. */
export function resnet101(options: BottleneckResNetOptions = {}): LayersModel {
  return build('resnet101', options);
}

/** ResNet-152: He et al. (2015), table 1. Bottleneck blocks. 60,192,808 parameters, 11.5 GMACs. See {@link resnet50}. */
export function resnet152(options: BottleneckResNetOptions = {}): LayersModel {
  return build('resnet152', options);
}

/**
 * ResNeXt-50 (32x4d): Xie et al. (2016), table 1. 3x3 convolutions in 32 groups of 4 channels. 25,028,904 parameters, 4.2 GMACs. See
 * {@link resnet50}.
 */
export function resnext50_32x4d(options: BottleneckResNetOptions = {}): LayersModel {
  return build('resnext50_32x4d', options);
}

/** ResNeXt-101 (32x8d): Xie et al. (2016). 88,791,336 parameters, 16.4 GMACs. See {@link resnet50}. */
export function resnext101_32x8d(options: BottleneckResNetOptions = {}): LayersModel {
  return build('resnext101_32x8d', options);
}

/**
 * Wide ResNet-50-2: Zagoruyko and Komodakis (2016), table 8. Twice as wide between the 1x1 convolutions. 68,883,240 parameters, 11.4
 * GMACs. See {@link resnet50}.
 */
export function wideResnet50_2(options: BottleneckResNetOptions = {}): LayersModel {
  return build('wide_resnet50_2', options);
}

/** Wide ResNet-101-2. 126,886,696 parameters, 22.8 GMACs. See {@link resnet50}. */
export function wideResnet101_2(options: BottleneckResNetOptions = {}): LayersModel {
  return build('wide_resnet101_2', options);
}
