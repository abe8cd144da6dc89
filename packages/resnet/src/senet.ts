/** Squeeze-and-excitation networks: Hu et al. (2018), tables 1 and 2. */
import {
  adaptiveAveragePooling2d,
  batchNorm,
  bottleneckBlock,
  buildModel,
  connect,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  flatten,
  kaimingNormal,
  type ModelOptions,
  maxPooling2d,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

interface Variant {
  readonly blocks: readonly [number, number, number, number];
  /** The block in the first stage, whose 3x3 convolution's channels double from stage to stage. */
  readonly width: number;
  readonly firstWidth?: number;
  readonly groups?: number;
  /** Where a stage's first block halves the grid. */
  readonly strideOn: '1x1' | '3x3';
  /** Three 3x3 convolutions instead of the 7x7 one, 3x3 projections, dropout. */
  readonly is154?: boolean;
}

// biome-ignore format: reads as the paper's table
const variants = {
  se_resnet50:           { blocks: [3, 4,  6, 3], width: 64,                               strideOn: '1x1' },
  se_resnet101:          { blocks: [3, 4, 23, 3], width: 64,                               strideOn: '1x1' },
  se_resnet152:          { blocks: [3, 8, 36, 3], width: 64,                               strideOn: '1x1' },
  se_resnext50_32x4d:    { blocks: [3, 4,  6, 3], width: 128, groups: 32,                  strideOn: '3x3' },
  se_resnext101_32x4d:   { blocks: [3, 4, 23, 3], width: 128, groups: 32,                  strideOn: '3x3' },
  senet154:              { blocks: [3, 8, 36, 3], width: 256, groups: 64, firstWidth: 128, strideOn: '3x3', is154: true },
} as const satisfies Record<string, Variant>;

/** Channels of the stages' outputs: 256 at 56x56, 2048 at 7x7. */
const stageFilters = [256, 512, 1024, 2048] as const;

function stem(input: SymbolicTensor, is154: boolean): SymbolicTensor {
  const unit = (index: number, filters: number, kernelSize: 3 | 7, stride: 1 | 2) => [
    conv2d({ name: `layer0.conv${index}`, filters, kernelSize, stride, padding: (kernelSize - 1) / 2, useBias: false }),
    batchNorm({ name: `layer0.bn${index}` }),
    relu({ name: `layer0.relu${index}` }),
  ];
  const units = is154 ? [...unit(1, 64, 3, 2), ...unit(2, 64, 3, 1), ...unit(3, 128, 3, 1)] : unit(1, 64, 7, 2);
  return connect(input, ...units, maxPooling2d({ name: 'pool0', poolSize: 3, stride: 2, ceilMode: true }));
}

/** Layers are named as in timm's `legacy_seresnet50` and its relatives, whose weights fit. */
function build(id: keyof typeof variants, options: ModelOptions): LayersModel {
  const { blocks, width, firstWidth = width, groups = 1, strideOn, is154 = false }: Variant = variants[id];
  return buildModel(
    {
      id,
      defaults: {
        numClasses: 1000,
        inputShape: [224, 224, 3],
        // The first pooling has no padding.
        smallestInput: 5,
        ...(is154 ? { dropout: 0.2 } : {}),
      },
      preprocessing: 'imagenet',
      initialWeights: { conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }) } },
      features: (input) =>
        stageFilters.reduce<SymbolicTensor>(
          (stage, filters, index) => {
            let x = stage;
            for (let block = 0; block < (blocks[index] ?? 0); block++)
              x = bottleneckBlock(x, {
                name: `layer${index + 1}.${block}`,
                width: width * 2 ** index,
                firstWidth: firstWidth * 2 ** index,
                filters,
                stride: block === 0 && index > 0 ? 2 : 1,
                strideOn,
                groups,
                reduction: 16,
                shortcutKernelSize: is154 && index > 0 ? 3 : 1,
              });
            return x;
          },
          stem(input, is154),
        ),
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          adaptiveAveragePooling2d({ name: 'avg_pool', outputSize: 1 }),
          flatten({ name: 'flatten' }),
          ...(is154 ? [dropout({ name: 'dropout', rate })] : []),
          dense({ name: 'last_linear', units: numClasses }),
        ),
    },
    options,
  );
}

/**
 * SE-ResNet-50: Hu et al. (2018), table 1. ResNet-50 as in the paper (the stride is on the first 1x1 convolution), with
 * squeeze-and-excitation before each sum. 28,088,024 parameters, 3.9 GMACs.
 * @param options see `ModelOptions`. Smallest input 5x5
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { seResnet50 } from '@cnnzoo/resnet';
 *
 * const model = seResnet50({ numClasses: 10, seed: 1 });
 */
export function seResnet50(options: ModelOptions = {}): LayersModel {
  return build('se_resnet50', options);
}

/** SE-ResNet-101. 49,326,872 parameters, 7.6 GMACs. See {@link seResnet50}. */
export function seResnet101(options: ModelOptions = {}): LayersModel {
  return build('se_resnet101', options);
}

/** SE-ResNet-152. 66,821,848 parameters, 11.3 GMACs. See {@link seResnet50}. */
export function seResnet152(options: ModelOptions = {}): LayersModel {
  return build('se_resnet152', options);
}

/** SE-ResNeXt-50 (32x4d): Hu et al. (2018), table 1. 27,559,896 parameters, 4.3 GMACs. See {@link seResnet50}. */
export function seResnext50_32x4d(options: ModelOptions = {}): LayersModel {
  return build('se_resnext50_32x4d', options);
}

/** SE-ResNeXt-101 (32x4d). 48,955,416 parameters, 8.0 GMACs. See {@link seResnet50}. */
export function seResnext101_32x4d(options: ModelOptions = {}): LayersModel {
  return build('se_resnext101_32x4d', options);
}

/**
 * SENet-154, the winner of ILSVRC 2017: Hu et al. (2018), appendix. 115,088,984 parameters, 20.7 GMACs; `dropout`, 0.2 unless you say
 * otherwise, before the last layer. See {@link seResnet50}.
 */
export function senet154(options: DropoutModelOptions = {}): LayersModel {
  return build('senet154', options);
}
