import { checkOptions, integer, oneOf, optional, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { batchNorm } from '../layers/batch-normalization.js';
import { add, connect, relu } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { residualShortcut, type ShortcutType, shortcutRule } from './residual-shortcut.js';
import { squeezeAndExcitation } from './squeeze-and-excitation.js';

/** The options of `bottleneckBlock`. */
export interface BottleneckBlockOptions {
  /** The layers are `name.conv1`, `name.bn1`, `name.relu` and so on, as in torchvision's blocks. */
  readonly name: string;
  /** Channels of the first two convolutions. */
  readonly width: number;
  /** Channels of the first convolution alone. Default `width`. */
  readonly firstWidth?: number;
  /** Channels of the last convolution. Default 4 times `width`. */
  readonly filters?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Which convolution has the stride: the 3x3 one ("v1.5", torchvision's) or the first 1x1 one, as in the paper. Default '3x3'. */
  readonly strideOn?: '3x3' | '1x1';
  /** Groups of the 3x3 convolution: ResNeXt's cardinality. Default 1. */
  readonly groups?: number;
  /** Default 'B'. */
  readonly shortcut?: ShortcutType;
  /** The shortcut's part of its layers' names. Default 'downsample', as in torchvision. */
  readonly shortcutName?: string;
  /** Of a projection in the shortcut. Default 1. */
  readonly shortcutKernelSize?: 1 | 3;
  /** Scales the channels before the sum by `squeezeAndExcitation` with this reduction, named `name.se_module`. Default: not at all. */
  readonly reduction?: number;
}

/**
 * The residual block of ResNet-50, -101 and -152: He et al. (2015), figure 5, right. Three convolutions, 1x1, 3x3 and 1x1; with
 * `groups` it is ResNeXt's, Xie et al. (2016), figure 3 (c), with another `width` Wide ResNet's, with `reduction` SE-ResNet's (Hu et al. 2018).
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { bottleneckBlock } from '@cnnzoo/blocks';
 *
 * const y = bottleneckBlock(x, { name: 'layer2.0', width: 128, stride: 2 }); // 512 channels
 */
export function bottleneckBlock(x: SymbolicTensor, options: BottleneckBlockOptions): SymbolicTensor {
  checkOptions<BottleneckBlockOptions>('bottleneckBlock', options, {
    name: string(),
    width: integer(1),
    filters: optional(integer(1)),
    stride: optional(integer(1)),
    strideOn: optional(oneOf(['3x3', '1x1'])),
    groups: optional(integer(1)),
    shortcut: optional(shortcutRule),
    shortcutName: optional(string()),
    firstWidth: optional(integer(1)),
    shortcutKernelSize: optional(oneOf([1, 3])),
    reduction: optional(integer(1)),
  });
  const { firstWidth = options.width, shortcutKernelSize = 1, reduction } = options;
  const { name, width, stride = 1, groups = 1, shortcut = 'B', shortcutName = 'downsample' } = options;
  const { filters = 4 * width, strideOn = '3x3' } = options;
  const [firstStride, secondStride] = strideOn === '3x3' ? [1, stride] : [stride, 1];
  const residual = connect(
    x,
    conv2d({ name: `${name}.conv1`, filters: firstWidth, kernelSize: 1, stride: firstStride, useBias: false }),
    batchNorm({ name: `${name}.bn1` }),
    relu({ name: `${name}.relu` }),
    conv2d({
      name: `${name}.conv2`,
      filters: width,
      kernelSize: 3,
      stride: secondStride,
      padding: 1,
      groups,
      useBias: false,
    }),
    batchNorm({ name: `${name}.bn2` }),
    relu({ name: `${name}.relu_1` }),
    conv2d({ name: `${name}.conv3`, filters, kernelSize: 1, useBias: false }),
    batchNorm({ name: `${name}.bn3` }),
  );
  const input = residualShortcut(x, {
    name: `${name}.${shortcutName}`,
    filters,
    stride,
    type: shortcut,
    kernelSize: shortcutKernelSize,
  });
  const scaled =
    reduction === undefined ? residual : squeezeAndExcitation(residual, { name: `${name}.se_module`, reduction });
  return connect(add([input, scaled], { name: `${name}.add` }), relu({ name: `${name}.relu_2` }));
}
