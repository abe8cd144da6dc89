/** Classifiers that branch off in the middle of a network and help to train it. */
import {
  boolean,
  check,
  checkOptions,
  integer,
  number,
  type OptionRules,
  oneOf,
  optional,
  string,
  symbolicTensor,
} from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Initializer, truncatedNormal } from '../initial-weights/initializers.js';
import { adaptiveAveragePooling2d } from '../layers/adaptive-average-pooling-2d.js';
import { averagePooling2d } from '../layers/average-pooling-2d.js';
import { connect, flatten, globalAveragePooling2d, relu } from '../layers/connect.js';
import { dense } from '../layers/dense.js';
import { dropout } from '../layers/dropout.js';
import { convBatchNormRelu } from './conv-batch-norm-relu.js';

interface AuxiliaryClassifierOptions {
  /** The layers are `name.conv.conv`, `name.fc1` and so on, as in torchvision. */
  readonly name: string;
  readonly numClasses: number;
  /** Whether convolutions have batch norm or a bias. Default true. */
  readonly batchNorm?: boolean;
  /** Of the batch norms. Default 1e-3. */
  readonly epsilon?: number;
}

function commonRules(): OptionRules<AuxiliaryClassifierOptions> {
  return { name: string(), numClasses: integer(1), batchNorm: optional(boolean), epsilon: optional(number(0)) };
}

/** The options of `googlenetAuxiliaryClassifier`. */
export interface GooglenetAuxiliaryClassifierOptions extends AuxiliaryClassifierOptions {
  /** Default 0.7, the paper's share of dropped outputs. */
  readonly dropout?: number;
  /** How the grid becomes 4x4: 5x5 average pooling with stride 3 as in the paper, for a 14x14 grid, or adaptively as in torchvision. Default 'adaptive'. */
  readonly pooling?: 'adaptive' | 'fixed';
}

/**
 * The auxiliary classifier of GoogLeNet: Szegedy et al. (2014), section 5 and the side branches of figure 3. Average pooling to 4x4, 1x1
 * convolution to 128 channels, dense layer of 1024, dropout, logits.
 *
 * Input [batch, height, width, channels]; output: logits [batch, numClasses].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { googlenetAuxiliaryClassifier } from '@cnnzoo/blocks';
 *
 * const logits = googlenetAuxiliaryClassifier(x, { name: 'aux1', numClasses: 1000 });
 */
export function googlenetAuxiliaryClassifier(
  x: SymbolicTensor,
  options: GooglenetAuxiliaryClassifierOptions,
): SymbolicTensor {
  checkOptions<GooglenetAuxiliaryClassifierOptions>('googlenetAuxiliaryClassifier', options, {
    ...commonRules(),
    dropout: optional(number(0, 1)),
    pooling: optional(oneOf(['adaptive', 'fixed'])),
  });
  const { name, numClasses, batchNorm = true, epsilon = 1e-3, dropout: rate = 0.7, pooling = 'adaptive' } = options;
  const pool =
    pooling === 'adaptive'
      ? adaptiveAveragePooling2d({ name: `${name}.adaptive_avg_pool2d`, outputSize: 4 })
      : averagePooling2d({ name: `${name}.avg_pool2d`, poolSize: 5, stride: 3 });
  return connect(
    convBatchNormRelu(connect(x, pool), { name: `${name}.conv`, filters: 128, kernelSize: 1, batchNorm, epsilon }),
    flatten({ name: `${name}.flatten` }),
    dense({ name: `${name}.fc1`, units: 1024 }),
    relu({ name: `${name}.relu` }),
    dropout({ name: `${name}.dropout`, rate }),
    dense({ name: `${name}.fc2`, units: numClasses }),
  );
}

/** Pooling over 5 pixels at stride 3 leaves 5 of 17, and the convolution needs 5. */
const smallestGrid = 17;

/**
 * The auxiliary classifier of Inception-v2 and -v3 on the last 17x17 grid: Szegedy et al. (2015), figure 8. Average pooling to 5x5, 1x1
 * convolution to 128 channels, 5x5 convolution to 768, logits. Batch norm in it is one of the steps from v2 to v3.
 *
 * Input [batch, height, width, channels], at least 17x17; output: logits [batch, numClasses].
 * @throws TypeError or RangeError naming the option, RangeError for a smaller grid
 * @example
 * import { inceptionAuxiliaryClassifier } from '@cnnzoo/blocks';
 *
 * const logits = inceptionAuxiliaryClassifier(x, { name: 'AuxLogits', numClasses: 1000 });
 */
export function inceptionAuxiliaryClassifier(x: SymbolicTensor, options: AuxiliaryClassifierOptions): SymbolicTensor {
  checkOptions<AuxiliaryClassifierOptions>('inceptionAuxiliaryClassifier', options, commonRules());
  const { name, numClasses, batchNorm = true, epsilon = 1e-3 } = options;
  const start = (deviation: number): { kernelInitializer: Initializer } => ({
    kernelInitializer: truncatedNormal({ deviation }),
  });
  // Before any layer is made: those before the 5x5 convolution would be left over.
  if (
    check('x', x, symbolicTensor<SymbolicTensor>())
      .shape.slice(1, 3)
      .some((size) => size !== null && size < smallestGrid)
  )
    throw new RangeError(
      `x of inceptionAuxiliaryClassifier must be at least ${smallestGrid}x${smallestGrid}, got [${x.shape.join(', ')}]`,
    );
  const pooled = connect(x, averagePooling2d({ name: `${name}.avg_pool2d`, poolSize: 5, stride: 3 }));
  const reduced = convBatchNormRelu(pooled, { name: `${name}.conv0`, filters: 128, kernelSize: 1, batchNorm, epsilon });
  return connect(
    // Smaller initial weights than elsewhere, as in torchvision and TF-slim.
    convBatchNormRelu(reduced, {
      name: `${name}.conv1`,
      filters: 768,
      kernelSize: 5,
      batchNorm,
      epsilon,
      ...start(0.01),
    }),
    globalAveragePooling2d({ name: `${name}.adaptive_avg_pool2d` }),
    dense({ name: `${name}.fc`, units: numClasses, ...start(0.001) }),
  );
}
