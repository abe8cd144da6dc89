/** The modules of GoogLeNet: Szegedy et al., "Going deeper with convolutions" (2014), figure 2. */
import {
  boolean,
  callable,
  check,
  checkOptions,
  integer,
  listOf,
  number,
  type OptionRules,
  oneOf,
  optional,
  string,
  symbolicTensor,
} from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { concatenate, connect } from '../layers/connect.js';
import { maxPooling2d } from '../layers/max-pooling-2d.js';
import { type ConvBatchNormReluOptions, convBatchNormRelu } from './conv-batch-norm-relu.js';

/** What `inception` and `naiveInception` both take. */
export interface InceptionOptions {
  /** The branches are `name.branch1` to `name.branch4`, as in torchvision's GoogLeNet; the output is `name.cat`. */
  readonly name: string;
  /** Whether convolutions have batch norm, as in torchvision, or a bias, as in the paper. Default true. */
  readonly batchNorm?: boolean;
  /** Of the batch norms. Default 1e-3, as in torchvision. */
  readonly epsilon?: number;
}

/** The options of `naiveInception`. */
export interface NaiveInceptionOptions extends InceptionOptions {
  /** Output channels of the 1x1, 3x3 and 5x5 convolutions. */
  readonly branch1x1: number;
  readonly branch3x3: number;
  readonly branch5x5: number;
}

/** The options of `inception`: with 1x1 reductions before the large convolutions. */
export interface ReducedInceptionOptions extends NaiveInceptionOptions {
  /** Channels between the 1x1 reduction and the 3x3 convolution: "#3x3 reduce" of the paper's table 1. */
  readonly reduce3x3: number;
  readonly reduce5x5: number;
  /** Output channels of the 1x1 convolution after the pooling: "pool proj". */
  readonly poolProjection: number;
  /** Of the third branch's second convolution. torchvision has 3 by mistake, and its weights with it. Default 5. */
  readonly kernelSize5x5?: 5 | 3;
}

/** The rules of the options that all inception modules have. */
export function moduleRules(): OptionRules<InceptionOptions> {
  return { name: string(), batchNorm: optional(boolean), epsilon: optional(number(0)) };
}

function naiveRules(): OptionRules<NaiveInceptionOptions> {
  return { ...moduleRules(), branch1x1: integer(1), branch3x3: integer(1), branch5x5: integer(1) };
}

/** A part of a network. */
export type Branch = (x: SymbolicTensor) => SymbolicTensor;

/**
 * Branches side by side, their outputs concatenated along the channels: what all inception modules are.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, the sum of the branches' channels].
 * @param concatenation the last layer is `name.concatenation`. Default 'cat', as torchvision names it
 * @example
 * import { connect, convBatchNormRelu, maxPooling2d, parallelBranches } from '@cnnzoo/blocks';
 *
 * const y = parallelBranches(x, 'mixed', [
 *   (branch) => convBatchNormRelu(branch, { name: 'mixed.branch1', filters: 64, kernelSize: 1 }),
 *   (branch) => connect(branch, maxPooling2d({ name: 'mixed.pool', poolSize: 3, stride: 1, padding: 1 })),
 * ]);
 */
export function parallelBranches(
  x: SymbolicTensor,
  name: string,
  branches: readonly Branch[],
  concatenation = 'cat',
): SymbolicTensor {
  check('x', x, symbolicTensor<SymbolicTensor>());
  check('name', name, string());
  check('branches', branches, listOf(callable<Branch>('a function of a symbolic tensor'), 2));
  check('concatenation', concatenation, string());
  return concatenate(
    branches.map((branch) => branch(x)),
    { name: `${name}.${concatenation}` },
  );
}

/** One convolution of a module after the other: a branch. `name` and the common options are the module's. */
export function convolutions(
  module: InceptionOptions,
  ...steps: readonly Omit<ConvBatchNormReluOptions, 'batchNorm' | 'epsilon'>[]
): Branch {
  const { name, batchNorm = true, epsilon = 1e-3 } = module;
  return (x) =>
    steps.reduce((y, step) => convBatchNormRelu(y, { ...step, name: `${name}.${step.name}`, batchNorm, epsilon }), x);
}

/**
 * The naive inception module: Szegedy et al. (2014), figure 2 (a). Convolutions of three sizes and a pooling on the same input.
 *
 * Input [batch, height, width, channels]; output [batch, height, width, branch1x1 + branch3x3 + branch5x5 + channels]: the pooling
 * keeps all channels, so the width only grows.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { naiveInception } from '@cnnzoo/blocks';
 *
 * const y = naiveInception(x, { name: 'inception', branch1x1: 64, branch3x3: 128, branch5x5: 32 });
 */
export function naiveInception(x: SymbolicTensor, options: NaiveInceptionOptions): SymbolicTensor {
  checkOptions<NaiveInceptionOptions>('naiveInception', options, naiveRules());
  const { name, branch1x1, branch3x3, branch5x5 } = options;
  return parallelBranches(x, name, [
    convolutions(options, { name: 'branch1', filters: branch1x1, kernelSize: 1 }),
    convolutions(options, { name: 'branch2', filters: branch3x3, kernelSize: 3, padding: 1 }),
    convolutions(options, { name: 'branch3', filters: branch5x5, kernelSize: 5, padding: 2 }),
    (x) => connect(x, maxPooling2d({ name: `${name}.branch4`, poolSize: 3, stride: 1, padding: 1 })),
  ]);
}

/**
 * The inception module with dimension reductions: Szegedy et al. (2014), figure 2 (b).
 *
 * Input [batch, height, width, channels]; output [batch, height, width, branch1x1 + branch3x3 + branch5x5 + poolProjection].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { inception } from '@cnnzoo/blocks';
 *
 * // inception (3a): [null, 28, 28, 192] to [null, 28, 28, 256]
 * const y = inception(x, { name: 'inception3a', branch1x1: 64, reduce3x3: 96, branch3x3: 128, reduce5x5: 16, branch5x5: 32, poolProjection: 32 });
 */
export function inception(x: SymbolicTensor, options: ReducedInceptionOptions): SymbolicTensor {
  checkOptions<ReducedInceptionOptions>('inception', options, {
    ...naiveRules(),
    reduce3x3: integer(1),
    reduce5x5: integer(1),
    poolProjection: integer(1),
    kernelSize5x5: optional(oneOf([5, 3])),
  });
  const { name, branch1x1, reduce3x3, branch3x3, reduce5x5, branch5x5, poolProjection, kernelSize5x5 = 5 } = options;
  return parallelBranches(x, name, [
    convolutions(options, { name: 'branch1', filters: branch1x1, kernelSize: 1 }),
    convolutions(
      options,
      { name: 'branch2.0', filters: reduce3x3, kernelSize: 1 },
      { name: 'branch2.1', filters: branch3x3, kernelSize: 3, padding: 1 },
    ),
    convolutions(
      options,
      { name: 'branch3.0', filters: reduce5x5, kernelSize: 1 },
      { name: 'branch3.1', filters: branch5x5, kernelSize: kernelSize5x5, padding: (kernelSize5x5 - 1) / 2 },
    ),
    (x) =>
      convolutions(options, { name: 'branch4.1', filters: poolProjection, kernelSize: 1 })(
        connect(x, maxPooling2d({ name: `${name}.branch4.0`, poolSize: 3, stride: 1, padding: 1 })),
      ),
  ]);
}
