/** Modules that halve the grid and widen the channels at once: Szegedy et al. (2015), figure 10. */
import { check, checkOptions, integer, type OptionRules, oneOf, optional, symbolicTensor } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { connect } from '../layers/connect.js';
import { maxPooling2d } from '../layers/max-pooling-2d.js';
import { type Branch, convolutions, type InceptionOptions, moduleRules, parallelBranches } from './inception.js';

interface GridReductionPadding extends InceptionOptions {
  /** 0 as in Inception-v3 (35 to 17, 17 to 8), 1 as in BN-Inception (28 to 14). Default 0. */
  readonly padding?: 0 | 1;
}

function paddedRules(): OptionRules<GridReductionPadding> {
  return { ...moduleRules(), padding: optional(oneOf([0, 1])) };
}

function pooledBranch({ name, padding = 0 }: GridReductionPadding): Branch {
  return (x) => connect(x, maxPooling2d({ name: `${name}.max_pool2d`, poolSize: 3, stride: 2, padding }));
}

/** Refuses a grid without room for a 3x3 window before any layer is made: those before that window would be left over. */
function checkGrid(x: SymbolicTensor, name: string, { padding = 0 }: GridReductionPadding): void {
  const smallest = 3 - 2 * padding;
  const [, height = null, width = null] = check('x', x, symbolicTensor<SymbolicTensor>()).shape;
  for (const [axis, size] of Object.entries({ height, width }))
    if (size !== null && size < smallest)
      throw new RangeError(
        `x of ${name} must have a height and width of at least ${smallest}, but its ${axis} is ${size}`,
      );
}

/** The options of `gridReduction`. */
export interface GridReductionOptions extends GridReductionPadding {
  /** Channels of the 1x1 reduction before the 3x3 convolution with stride 2. Default: there is none. */
  readonly reduce3x3?: number;
  /** Output channels of the 3x3 convolution. */
  readonly branch3x3: number;
  /** Channels after the 1x1 reduction and of each of the two 3x3 convolutions. */
  readonly reduceDouble3x3: number;
  readonly branchDouble3x3: number;
}

/**
 * Halves the grid by a 3x3 convolution, two 3x3 convolutions and a max pooling side by side: Szegedy et al. (2015), figure 10. Layers
 * are named as in torchvision's `InceptionB`; with `reduce3x3`, `branch3x3_1` and `branch3x3_2` instead of `branch3x3`.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, branch3x3 + branchDouble3x3 + channels] with
 * h = floor((height - 3 + 2 padding) / 2) + 1.
 * @throws TypeError or RangeError naming the option, RangeError for a grid without room for a 3x3 window
 * @example
 * import { gridReduction } from '@cnnzoo/blocks';
 *
 * // Inception-v3's Mixed_6a: [null, 35, 35, 288] to [null, 17, 17, 768]
 * const y = gridReduction(x, { name: 'Mixed_6a', branch3x3: 384, reduceDouble3x3: 64, branchDouble3x3: 96 });
 */
export function gridReduction(x: SymbolicTensor, options: GridReductionOptions): SymbolicTensor {
  checkOptions<GridReductionOptions>('gridReduction', options, {
    ...paddedRules(),
    reduce3x3: optional(integer(1)),
    branch3x3: integer(1),
    reduceDouble3x3: integer(1),
    branchDouble3x3: integer(1),
  });
  checkGrid(x, 'gridReduction', options);
  const { name, padding = 0, reduce3x3, branch3x3, reduceDouble3x3, branchDouble3x3 } = options;
  const last = { filters: branch3x3, kernelSize: 3, stride: 2, padding };
  return parallelBranches(x, name, [
    reduce3x3 === undefined
      ? convolutions(options, { name: 'branch3x3', ...last })
      : convolutions(
          options,
          { name: 'branch3x3_1', filters: reduce3x3, kernelSize: 1 },
          { name: 'branch3x3_2', ...last },
        ),
    convolutions(
      options,
      { name: 'branch3x3dbl_1', filters: reduceDouble3x3, kernelSize: 1 },
      { name: 'branch3x3dbl_2', filters: branchDouble3x3, kernelSize: 3, padding: 1 },
      { name: 'branch3x3dbl_3', filters: branchDouble3x3, kernelSize: 3, stride: 2, padding },
    ),
    pooledBranch(options),
  ]);
}

/** The options of `asymmetricGridReduction`. */
export interface AsymmetricGridReductionOptions extends GridReductionPadding {
  /** Channels within both branches. Default 192. */
  readonly reducedFilters?: number;
  /** Output channels of the 3x3 branch. Default 320. */
  readonly branch3x3?: number;
  /** Output channels of the branch with 1x7 and 7x1 convolutions. Default 192. */
  readonly branch7x7x3?: number;
}

/**
 * Halves the grid as `gridReduction`, with a 1x7 and a 7x1 convolution before one of the 3x3 ones: torchvision's `InceptionD`.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, branch3x3 + branch7x7x3 + channels] with
 * h = floor((height - 3 + 2 padding) / 2) + 1.
 * @throws TypeError or RangeError naming the option, RangeError for a grid without room for a 3x3 window
 * @example
 * import { asymmetricGridReduction } from '@cnnzoo/blocks';
 *
 * // Inception-v3's Mixed_7a: [null, 17, 17, 768] to [null, 8, 8, 1280]
 * const y = asymmetricGridReduction(x, { name: 'Mixed_7a' });
 */
export function asymmetricGridReduction(x: SymbolicTensor, options: AsymmetricGridReductionOptions): SymbolicTensor {
  checkOptions<AsymmetricGridReductionOptions>('asymmetricGridReduction', options, {
    ...paddedRules(),
    reducedFilters: optional(integer(1)),
    branch3x3: optional(integer(1)),
    branch7x7x3: optional(integer(1)),
  });
  checkGrid(x, 'asymmetricGridReduction', options);
  const { name, padding = 0, reducedFilters = 192, branch3x3 = 320, branch7x7x3 = 192 } = options;
  return parallelBranches(x, name, [
    convolutions(
      options,
      { name: 'branch3x3_1', filters: reducedFilters, kernelSize: 1 },
      { name: 'branch3x3_2', filters: branch3x3, kernelSize: 3, stride: 2, padding },
    ),
    convolutions(
      options,
      { name: 'branch7x7x3_1', filters: reducedFilters, kernelSize: 1 },
      { name: 'branch7x7x3_2', filters: reducedFilters, kernelSize: [1, 7], padding: [0, 3] },
      { name: 'branch7x7x3_3', filters: reducedFilters, kernelSize: [7, 1], padding: [3, 0] },
      { name: 'branch7x7x3_4', filters: branch7x7x3, kernelSize: 3, stride: 2, padding },
    ),
    pooledBranch(options),
  ]);
}
