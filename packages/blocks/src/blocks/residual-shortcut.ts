import { check, checkOptions, integer, oneOf, optional, type Rule, string, symbolicTensor } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { batchNorm } from '../layers/batch-normalization.js';
import { connect } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { zeroPaddedShortcut } from '../layers/zero-padded-shortcut.js';

/**
 * How a block's input gets the shape of its output: He et al. (2015), section 3.3 and table 3.
 * A: subsampled, with channels of zeros. B: projected by a 1x1 convolution where the shape changes. C: always projected.
 */
export type ShortcutType = 'A' | 'B' | 'C';

export const shortcutRule: Rule<ShortcutType> = /* @__PURE__ */ oneOf(['A', 'B', 'C']);

/** The options of `residualShortcut`. */
export interface ResidualShortcutOptions {
  /** A projection's layers are `name.0`, the convolution, and `name.1`, the batch norm; of shortcut A the one layer is `name`. */
  readonly name: string;
  /** Channels of the block's output. */
  readonly filters: number;
  /** The block's stride. Default 1. */
  readonly stride?: number;
  /** Default 'B'. */
  readonly type?: ShortcutType;
  /** Of a projection: 1 as in the paper, or 3 as in SENet-154. Default 1. */
  readonly kernelSize?: 1 | 3;
}

/**
 * A residual block's shortcut.
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), filters], which is the input
 * itself where it has that shape and the type is not C.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { add, connect, conv2d, residualShortcut } from '@cnnzoo/blocks';
 *
 * const residual = connect(x, conv2d({ name: 'conv', filters: 128, kernelSize: 3, stride: 2, padding: 1 }));
 * const y = add([residualShortcut(x, { name: 'shortcut', filters: 128, stride: 2 }), residual]);
 */
export function residualShortcut(x: SymbolicTensor, options: ResidualShortcutOptions): SymbolicTensor {
  checkOptions<ResidualShortcutOptions>('residualShortcut', options, {
    name: string(),
    filters: integer(1),
    stride: optional(integer(1)),
    type: optional(shortcutRule),
    kernelSize: optional(oneOf([1, 3])),
  });
  check('x', x, symbolicTensor<SymbolicTensor>());
  const { name, filters, stride = 1, type = 'B', kernelSize = 1 } = options;
  const sameShape = stride === 1 && x.shape[3] === filters;
  if (sameShape && type !== 'C') return x;
  if (type === 'A') return connect(x, zeroPaddedShortcut({ name, filters, stride }));
  return connect(
    x,
    conv2d({ name: `${name}.0`, filters, kernelSize, stride, padding: (kernelSize - 1) / 2, useBias: false }),
    batchNorm({ name: `${name}.1` }),
  );
}
