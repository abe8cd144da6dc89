import { boolean, checkOptions, integer, number, oneOf, optional, type Size2d, size2d, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Initializer, initializerRule } from '../initial-weights/initializers.js';
import { batchNorm } from '../layers/batch-normalization.js';
import { connect, relu } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { type LayerPadding, paddingRule } from '../layers/window.js';

/** The options of `convBatchNormRelu`. */
export interface ConvBatchNormReluOptions {
  /** The layers are `name.conv` and `name.bn`, which applies the ReLU; without batch norm `name.conv` and `name.relu`. */
  readonly name: string;
  readonly filters: number;
  readonly kernelSize: Size2d;
  /** Default 1. */
  readonly stride?: Size2d;
  /** Default 0. */
  readonly padding?: LayerPadding;
  /** False for a convolution with bias and no normalization. Default true. */
  readonly batchNorm?: boolean;
  /** Of the batch norm. Default 1e-5. */
  readonly epsilon?: number;
  /** Default 'relu'. */
  readonly activation?: 'relu' | 'linear';
  /** Default: see `withInitialWeights`. */
  readonly kernelInitializer?: Initializer;
}

/**
 * Convolution, batch norm, ReLU: Ioffe and Szegedy (2015); torchvision's `BasicConv2d`.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, filters], sizes as of `conv2d`.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { convBatchNormRelu } from '@cnnzoo/blocks';
 *
 * const y = convBatchNormRelu(x, { name: 'conv1', filters: 64, kernelSize: 7, stride: 2, padding: 3 });
 */
export function convBatchNormRelu(x: SymbolicTensor, options: ConvBatchNormReluOptions): SymbolicTensor {
  checkOptions<ConvBatchNormReluOptions>('convBatchNormRelu', options, {
    name: string(),
    filters: integer(1),
    kernelSize: size2d<never>(1),
    stride: optional(size2d<never>(1)),
    padding: optional(paddingRule),
    batchNorm: optional(boolean),
    epsilon: optional(number(0)),
    activation: optional(oneOf(['relu', 'linear'])),
    kernelInitializer: optional(initializerRule),
  });
  const { name, filters, kernelSize, stride = 1, padding = 0, epsilon = 1e-5, kernelInitializer } = options;
  const normalized = options.batchNorm ?? true;
  const { activation = 'relu' } = options;
  return connect(
    x,
    conv2d({
      name: `${name}.conv`,
      filters,
      kernelSize,
      stride,
      padding,
      useBias: !normalized,
      ...(kernelInitializer === undefined ? {} : { kernelInitializer }),
    }),
    ...(normalized ? [batchNorm({ name: `${name}.bn`, epsilon, activation })] : []),
    ...(activation === 'relu' && !normalized ? [relu({ name: `${name}.relu` })] : []),
  );
}
