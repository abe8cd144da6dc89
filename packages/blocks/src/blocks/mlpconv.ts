import { checkOptions, integer, listOf, optional, type Size2d, size2d, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { connect, relu } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { type LayerPadding, paddingRule } from '../layers/window.js';

/** The options of `mlpconv`. */
export interface MlpconvOptions {
  /** The layers are `name.unit1.conv`, `name.unit1.activ`, `name.unit2.conv` and so on. */
  readonly name: string;
  /** Channels of the convolution, and of each 1x1 convolution after it. */
  readonly filters: readonly number[];
  /** Of the first convolution. */
  readonly kernelSize: Size2d;
  /** Of the first convolution. Default 1. */
  readonly stride?: Size2d;
  /** Of the first convolution. Default 0. */
  readonly padding?: LayerPadding;
}

/**
 * A convolution whose filter is a small network: Lin et al., "Network in network" (2013), figure 1 (b). A convolution and 1x1
 * convolutions, each with ReLU.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, the last of filters], sizes as of `conv2d`.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { mlpconv } from '@cnnzoo/blocks';
 *
 * const y = mlpconv(x, { name: 'stage1', filters: [192, 160, 96], kernelSize: 5, padding: 2 });
 */
export function mlpconv(x: SymbolicTensor, options: MlpconvOptions): SymbolicTensor {
  checkOptions<MlpconvOptions>('mlpconv', options, {
    name: string(),
    filters: listOf(integer(1), 1),
    kernelSize: size2d<never>(1),
    stride: optional(size2d<never>(1)),
    padding: optional(paddingRule),
  });
  const { name, filters, kernelSize, stride = 1, padding = 0 } = options;
  const units = filters.flatMap((channels, index) => [
    conv2d({
      name: `${name}.unit${index + 1}.conv`,
      filters: channels,
      ...(index === 0 ? { kernelSize, stride, padding } : { kernelSize: 1 }),
    }),
    relu({ name: `${name}.unit${index + 1}.activ` }),
  ]);
  return connect(x, ...units);
}
