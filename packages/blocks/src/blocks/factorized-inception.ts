/** The modules of Inception-v2 and -v3: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015). */
import { boolean, checkOptions, integer, type OptionRules, oddInteger, oneOf, optional } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { averagePooling2d } from '../layers/average-pooling-2d.js';
import { connect } from '../layers/connect.js';
import { maxPooling2d } from '../layers/max-pooling-2d.js';
import { type Branch, convolutions, type InceptionOptions, moduleRules, parallelBranches } from './inception.js';

interface PoolingBranchOptions extends InceptionOptions {
  /** Output channels of the 1x1 convolution after the pooling. */
  readonly poolProjection: number;
  /** Of the pooling branch. Default 'average', which both networks have. */
  readonly pooling?: 'average' | 'max';
  /** Whether the average counts padding as zeros: true in torchvision, false for Keras's and TF-slim's weights. Default true. */
  readonly countIncludePad?: boolean;
}

function poolingBranchRules(): OptionRules<PoolingBranchOptions> {
  return {
    ...moduleRules(),
    poolProjection: integer(1),
    pooling: optional(oneOf(['average', 'max'])),
    countIncludePad: optional(boolean),
  };
}

function poolingBranch(options: PoolingBranchOptions): Branch {
  const { name, poolProjection, pooling = 'average', countIncludePad = true } = options;
  const window = { poolSize: 3, stride: 1, padding: 1 };
  const pool =
    pooling === 'max'
      ? maxPooling2d({ name: `${name}.max_pool2d`, ...window })
      : averagePooling2d({ name: `${name}.avg_pool2d`, ...window, countIncludePad });
  return (x) =>
    convolutions(options, { name: 'branch_pool', filters: poolProjection, kernelSize: 1 })(connect(x, pool));
}

/** The options of `double3x3Inception`. */
export interface Double3x3InceptionOptions extends PoolingBranchOptions {
  /** Output channels of the 1x1 convolution. */
  readonly branch1x1: number;
  /** Channels after the 1x1 reduction and after the 3x3 convolution of the second branch. */
  readonly reduce3x3: number;
  readonly branch3x3: number;
  /** Channels after the 1x1 reduction and after each of the two 3x3 convolutions of the third. */
  readonly reduceDouble3x3: number;
  readonly branchDouble3x3: number;
  /** Of the second branch. 5 in Inception-v3 as Google released it and torchvision has it. Default 3. */
  readonly kernelSize3x3?: 3 | 5;
}

/**
 * The inception module with two 3x3 convolutions for the 5x5 one: Szegedy et al. (2015), figure 5. Layers are named as in
 * torchvision's `InceptionA`.
 *
 * Input [batch, height, width, channels]; output [batch, height, width, branch1x1 + branch3x3 + branchDouble3x3 + poolProjection].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { double3x3Inception } from '@cnnzoo/blocks';
 *
 * // Inception-v3's Mixed_5b: [null, 35, 35, 192] to [null, 35, 35, 256]
 * const y = double3x3Inception(x, {
 *   name: 'Mixed_5b', branch1x1: 64, reduce3x3: 48, branch3x3: 64, kernelSize3x3: 5, reduceDouble3x3: 64, branchDouble3x3: 96, poolProjection: 32,
 * });
 */
export function double3x3Inception(x: SymbolicTensor, options: Double3x3InceptionOptions): SymbolicTensor {
  checkOptions<Double3x3InceptionOptions>('double3x3Inception', options, {
    ...poolingBranchRules(),
    branch1x1: integer(1),
    reduce3x3: integer(1),
    branch3x3: integer(1),
    reduceDouble3x3: integer(1),
    branchDouble3x3: integer(1),
    kernelSize3x3: optional(oneOf([3, 5])),
  });
  const { name, branch1x1, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3, kernelSize3x3: size = 3 } = options;
  return parallelBranches(x, name, [
    convolutions(options, { name: 'branch1x1', filters: branch1x1, kernelSize: 1 }),
    convolutions(
      options,
      { name: `branch${size}x${size}_1`, filters: reduce3x3, kernelSize: 1 },
      { name: `branch${size}x${size}_2`, filters: branch3x3, kernelSize: size, padding: (size - 1) / 2 },
    ),
    convolutions(
      options,
      { name: 'branch3x3dbl_1', filters: reduceDouble3x3, kernelSize: 1 },
      { name: 'branch3x3dbl_2', filters: branchDouble3x3, kernelSize: 3, padding: 1 },
      { name: 'branch3x3dbl_3', filters: branchDouble3x3, kernelSize: 3, padding: 1 },
    ),
    poolingBranch(options),
  ]);
}

/** The options of `asymmetricInception`. */
export interface AsymmetricInceptionOptions extends PoolingBranchOptions {
  /** n of the n x 1 and 1 x n convolutions, an odd number. Default 7, the paper's for the 17x17 grid. */
  readonly size?: number;
  /** Output channels of each convolution branch. Default 192. */
  readonly filters?: number;
  /** Channels within the branches of factors. */
  readonly reducedFilters: number;
}

/**
 * The inception module with n x n convolutions factorized into 1 x n and n x 1: Szegedy et al. (2015), figure 6. Layers are named as
 * in torchvision's `InceptionC`.
 *
 * Input [batch, height, width, channels]; output [batch, height, width, 3 filters + poolProjection].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { asymmetricInception } from '@cnnzoo/blocks';
 *
 * // Inception-v3's Mixed_6b: [null, 17, 17, 768] to [null, 17, 17, 768]
 * const y = asymmetricInception(x, { name: 'Mixed_6b', reducedFilters: 128, poolProjection: 192 });
 */
export function asymmetricInception(x: SymbolicTensor, options: AsymmetricInceptionOptions): SymbolicTensor {
  checkOptions<AsymmetricInceptionOptions>('asymmetricInception', options, {
    ...poolingBranchRules(),
    size: optional(oddInteger(1)),
    filters: optional(integer(1)),
    reducedFilters: integer(1),
  });
  const { name, size = 7, filters = 192, reducedFilters } = options;
  const along = (size - 1) / 2;
  const row = { kernelSize: [1, size], padding: [0, along] } as const;
  const column = { kernelSize: [size, 1], padding: [along, 0] } as const;
  const branch = `branch${size}x${size}`;
  return parallelBranches(x, name, [
    convolutions(options, { name: 'branch1x1', filters, kernelSize: 1 }),
    convolutions(
      options,
      { name: `${branch}_1`, filters: reducedFilters, kernelSize: 1 },
      { name: `${branch}_2`, filters: reducedFilters, ...row },
      { name: `${branch}_3`, filters, ...column },
    ),
    convolutions(
      options,
      { name: `${branch}dbl_1`, filters: reducedFilters, kernelSize: 1 },
      { name: `${branch}dbl_2`, filters: reducedFilters, ...column },
      { name: `${branch}dbl_3`, filters: reducedFilters, ...row },
      { name: `${branch}dbl_4`, filters: reducedFilters, ...column },
      { name: `${branch}dbl_5`, filters, ...row },
    ),
    poolingBranch(options),
  ]);
}

/** The options of `expandedInception`. */
export interface ExpandedInceptionOptions extends PoolingBranchOptions {
  /** Output channels of the 1x1 convolution. Default 320. */
  readonly branch1x1?: number;
  /** Channels of the second branch, and of each of its two outputs. Default 384. */
  readonly branch3x3?: number;
  /** Channels after the third branch's 1x1 reduction. Default 448. */
  readonly reduceDouble3x3?: number;
  /** Channels of the third branch, and of each of its two outputs. Default 384. */
  readonly branchDouble3x3?: number;
}

/**
 * The inception module with expanded filter bank outputs, for the coarsest grid: Szegedy et al. (2015), figure 7. Two branches end in
 * a 1x3 and a 3x1 convolution side by side. Layers are named as in torchvision's `InceptionE`.
 *
 * Input [batch, height, width, channels]; output [batch, height, width, branch1x1 + 2 branch3x3 + 2 branchDouble3x3 + poolProjection].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { expandedInception } from '@cnnzoo/blocks';
 *
 * // Inception-v3's Mixed_7b: [null, 8, 8, 1280] to [null, 8, 8, 2048]
 * const y = expandedInception(x, { name: 'Mixed_7b', poolProjection: 192 });
 */
export function expandedInception(x: SymbolicTensor, options: ExpandedInceptionOptions): SymbolicTensor {
  checkOptions<ExpandedInceptionOptions>('expandedInception', options, {
    ...poolingBranchRules(),
    branch1x1: optional(integer(1)),
    branch3x3: optional(integer(1)),
    reduceDouble3x3: optional(integer(1)),
    branchDouble3x3: optional(integer(1)),
  });
  const { name, branch1x1 = 320, branch3x3 = 384, reduceDouble3x3 = 448, branchDouble3x3 = 384 } = options;
  const outputs =
    (branch: string, filters: number, concatenation: string): Branch =>
    (x) =>
      parallelBranches(
        x,
        name,
        [
          convolutions(options, { name: `${branch}a`, filters, kernelSize: [1, 3], padding: [0, 1] }),
          convolutions(options, { name: `${branch}b`, filters, kernelSize: [3, 1], padding: [1, 0] }),
        ],
        concatenation,
      );
  const second = convolutions(options, { name: 'branch3x3_1', filters: branch3x3, kernelSize: 1 });
  const third = convolutions(
    options,
    { name: 'branch3x3dbl_1', filters: reduceDouble3x3, kernelSize: 1 },
    { name: 'branch3x3dbl_2', filters: branchDouble3x3, kernelSize: 3, padding: 1 },
  );
  return parallelBranches(
    x,
    name,
    [
      convolutions(options, { name: 'branch1x1', filters: branch1x1, kernelSize: 1 }),
      (x) => outputs('branch3x3_2', branch3x3, 'cat')(second(x)),
      (x) => outputs('branch3x3dbl_3', branchDouble3x3, 'cat_1')(third(x)),
      poolingBranch(options),
    ],
    'cat_2',
  );
}
