/** Residual blocks whose activations come before the convolutions: He et al., "Identity mappings in deep residual networks" (2016). */
import { checkOptions, integer, type OptionRules, optional, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { batchNorm } from '../layers/batch-normalization.js';
import { add, connect, relu } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { zeroPaddedShortcut } from '../layers/zero-padded-shortcut.js';
import { type ShortcutType, shortcutRule } from './residual-shortcut.js';

interface PreActivationOptions {
  /** The layers are `name.bn1`, `name.relu`, `name.conv1` and so on. */
  readonly name: string;
  /** Default 1. */
  readonly stride?: number;
  /** Default 'B'. A projection has no batch norm here: the addition must stay a clean path. */
  readonly shortcut?: ShortcutType;
  /** The shortcut's part of its layer's name. Default 'shortcut.0', as in the usual CIFAR code; timm's is 'downsample.conv'. */
  readonly shortcutName?: string;
  /** The batch norms' name without their number. Default 'bn'; timm's is 'norm'. */
  readonly normName?: string;
}

function commonRules(): OptionRules<PreActivationOptions> {
  return {
    name: string(),
    stride: optional(integer(1)),
    shortcut: optional(shortcutRule),
    shortcutName: optional(string()),
    normName: optional(string()),
  };
}

/** The options of `preActivationBasicBlock`. */
export interface PreActivationBasicBlockOptions extends PreActivationOptions {
  /** Channels of both convolutions. */
  readonly filters: number;
}

/** The options of `preActivationBottleneckBlock`. */
export interface PreActivationBottleneckBlockOptions extends PreActivationOptions {
  /** Channels of the first two convolutions. */
  readonly width: number;
  /** Channels of the last convolution. Default 4 times `width`. */
  readonly filters?: number;
}

/**
 * Two 3x3 convolutions, each after batch norm and ReLU, added to the input: He et al. (2016), figure 1 (b) and 4 (e).
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters]. Without an activation
 * at the end: after the last block a network needs batch norm and ReLU.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { preActivationBasicBlock } from '@cnnzoo/blocks';
 *
 * const y = preActivationBasicBlock(x, { name: 'layer1.0', filters: 16 });
 */
export function preActivationBasicBlock(x: SymbolicTensor, options: PreActivationBasicBlockOptions): SymbolicTensor {
  checkOptions<PreActivationBasicBlockOptions>('preActivationBasicBlock', options, {
    ...commonRules(),
    filters: integer(1),
  });
  const { name, filters, stride = 1, normName = 'bn' } = options;
  const activated = activate(x, `${name}.${normName}1`, `${name}.relu`);
  const residual = connect(
    activated,
    conv2d({ name: `${name}.conv1`, filters, kernelSize: 3, stride, padding: 1, useBias: false }),
    batchNorm({ name: `${name}.${normName}2` }),
    relu({ name: `${name}.relu_1` }),
    conv2d({ name: `${name}.conv2`, filters, kernelSize: 3, padding: 1, useBias: false }),
  );
  return add([shortcutOf(x, activated, filters, options), residual], { name: `${name}.add` });
}

/**
 * 1x1, 3x3 and 1x1 convolutions, each after batch norm and ReLU, added to the input: the block of ResNet-164 and -1001, and of the
 * ImageNet networks called v2. The 3x3 convolution has the stride.
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters]. Without an activation
 * at the end.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { preActivationBottleneckBlock } from '@cnnzoo/blocks';
 *
 * const y = preActivationBottleneckBlock(x, { name: 'layer2.0', width: 32, stride: 2 }); // 128 channels
 */
export function preActivationBottleneckBlock(
  x: SymbolicTensor,
  options: PreActivationBottleneckBlockOptions,
): SymbolicTensor {
  checkOptions<PreActivationBottleneckBlockOptions>('preActivationBottleneckBlock', options, {
    ...commonRules(),
    width: integer(1),
    filters: optional(integer(1)),
  });
  const { name, width, stride = 1, normName = 'bn' } = options;
  const { filters = 4 * width } = options;
  const activated = activate(x, `${name}.${normName}1`, `${name}.relu`);
  const residual = connect(
    activated,
    conv2d({ name: `${name}.conv1`, filters: width, kernelSize: 1, useBias: false }),
    batchNorm({ name: `${name}.${normName}2` }),
    relu({ name: `${name}.relu_1` }),
    conv2d({ name: `${name}.conv2`, filters: width, kernelSize: 3, stride, padding: 1, useBias: false }),
    batchNorm({ name: `${name}.${normName}3` }),
    relu({ name: `${name}.relu_2` }),
    conv2d({ name: `${name}.conv3`, filters, kernelSize: 1, useBias: false }),
  );
  return add([shortcutOf(x, activated, filters, options), residual], { name: `${name}.add` });
}

function activate(x: SymbolicTensor, norm: string, activation: string): SymbolicTensor {
  return connect(x, batchNorm({ name: norm }), relu({ name: activation }));
}

/** The input itself where the shape stays; else from the activated input, which the paper's code shares with the residual branch. */
function shortcutOf(
  x: SymbolicTensor,
  activated: SymbolicTensor,
  filters: number,
  { name, stride = 1, shortcut: type = 'B', shortcutName = 'shortcut.0' }: PreActivationOptions,
): SymbolicTensor {
  if (stride === 1 && x.shape[3] === filters && type !== 'C') return x;
  const layerName = `${name}.${shortcutName}`;
  if (type === 'A') return connect(activated, zeroPaddedShortcut({ name: layerName, filters, stride }));
  return connect(activated, conv2d({ name: layerName, filters, kernelSize: 1, stride, useBias: false }));
}
