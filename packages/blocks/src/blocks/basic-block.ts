import { checkOptions, integer, type OptionRules, optional, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { batchNorm } from '../layers/batch-normalization.js';
import { add, connect, relu } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { residualShortcut, type ShortcutType, shortcutRule } from './residual-shortcut.js';

/** The options of `plainBlock`. */
export interface PlainBlockOptions {
  /** The layers are `name.conv1`, `name.bn1`, `name.relu` and so on, as in torchvision's blocks. */
  readonly name: string;
  /** Channels of both convolutions. */
  readonly filters: number;
  /** Of the first convolution. Default 1. */
  readonly stride?: number;
}

/** The options of `basicBlock`. */
export interface BasicBlockOptions extends PlainBlockOptions {
  /** Default 'B'. */
  readonly shortcut?: ShortcutType;
  /** The shortcut's part of its layers' names. Default 'downsample', as in torchvision. */
  readonly shortcutName?: string;
}

function plainRules(): OptionRules<PlainBlockOptions> {
  return { name: string(), filters: integer(1), stride: optional(integer(1)) };
}

/** Two 3x3 convolutions with batch norm; no activation after the second. */
function twoConvolutions(x: SymbolicTensor, { name, filters, stride = 1 }: PlainBlockOptions): SymbolicTensor {
  return connect(
    x,
    conv2d({ name: `${name}.conv1`, filters, kernelSize: 3, stride, padding: 1, useBias: false }),
    batchNorm({ name: `${name}.bn1` }),
    relu({ name: `${name}.relu` }),
    conv2d({ name: `${name}.conv2`, filters, kernelSize: 3, padding: 1, useBias: false }),
    batchNorm({ name: `${name}.bn2` }),
  );
}

/**
 * A residual block without its shortcut, as the plain networks have it: He et al. (2015), figure 3, middle.
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { plainBlock } from '@cnnzoo/blocks';
 *
 * const y = plainBlock(x, { name: 'layer1.0', filters: 64 });
 */
export function plainBlock(x: SymbolicTensor, options: PlainBlockOptions): SymbolicTensor {
  checkOptions<PlainBlockOptions>('plainBlock', options, plainRules());
  return connect(twoConvolutions(x, options), relu({ name: `${options.name}.relu_1` }));
}

/**
 * The residual block of ResNet-18 and -34: He et al. (2015), figure 5, left. relu(shortcut(x) + two 3x3 convolutions of x).
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { basicBlock } from '@cnnzoo/blocks';
 *
 * const y = basicBlock(x, { name: 'layer2.0', filters: 128, stride: 2 });
 */
export function basicBlock(x: SymbolicTensor, options: BasicBlockOptions): SymbolicTensor {
  checkOptions<BasicBlockOptions>('basicBlock', options, {
    ...plainRules(),
    shortcut: optional(shortcutRule),
    shortcutName: optional(string()),
  });
  const { name, filters, stride = 1, shortcut = 'B', shortcutName = 'downsample' } = options;
  const residual = twoConvolutions(x, options);
  const input = residualShortcut(x, { name: `${name}.${shortcutName}`, filters, stride, type: shortcut });
  return connect(add([input, residual], { name: `${name}.add` }), relu({ name: `${name}.relu_1` }));
}
