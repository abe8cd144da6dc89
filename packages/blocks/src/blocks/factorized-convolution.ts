import { boolean, checkOptions, integer, number, oddInteger, oneOf, optional, string } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { convBatchNormRelu } from './conv-batch-norm-relu.js';

/** The options of `factorizedConvolution`. */
export interface FactorizedConvolutionOptions {
  /** The convolutions are `name.0`, `name.1` and so on. */
  readonly name: string;
  /** Output channels of each convolution. */
  readonly filters: number;
  /** Size of the convolution that is replaced, odd: 5 becomes two 3x3 convolutions, 7 three. */
  readonly kernelSize: number;
  /** After all convolutions but the last; that one has ReLU. The lecture's section 6.2.1 compares both. Default 'relu'. */
  readonly innerActivation?: 'relu' | 'linear';
  /** Whether each convolution has batch norm or a bias. Default true. */
  readonly batchNorm?: boolean;
  /** Of the batch norms. Default 1e-3. */
  readonly epsilon?: number;
}

/**
 * 3x3 convolutions that together see as far as one larger one: Szegedy et al. (2015), section 3.1, figure 1, and the lecture's
 * section 6.2.1. Two need 18/25 of the weights of a 5x5 one; ReLU in between was better than linear, batch norm better than none.
 *
 * Input [batch, height, width, channels]; output [batch, height, width, filters].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { factorizedConvolution } from '@cnnzoo/blocks';
 *
 * const y = factorizedConvolution(x, { name: 'conv5x5', filters: 64, kernelSize: 5, innerActivation: 'linear' });
 */
export function factorizedConvolution(x: SymbolicTensor, options: FactorizedConvolutionOptions): SymbolicTensor {
  checkOptions<FactorizedConvolutionOptions>('factorizedConvolution', options, {
    name: string(),
    filters: integer(1),
    kernelSize: oddInteger(3),
    innerActivation: optional(oneOf(['relu', 'linear'])),
    batchNorm: optional(boolean),
    epsilon: optional(number(0)),
  });
  const { name, filters, batchNorm = true, epsilon = 1e-3 } = options;
  const { kernelSize, innerActivation: inner = 'relu' } = options;
  const count = (kernelSize - 1) / 2;
  return Array.from({ length: count }).reduce<SymbolicTensor>(
    (y, _, index) =>
      convBatchNormRelu(y, {
        name: `${name}.${index}`,
        filters,
        kernelSize: 3,
        padding: 1,
        batchNorm,
        epsilon,
        activation: index === count - 1 ? 'relu' : inner,
      }),
    x,
  );
}
