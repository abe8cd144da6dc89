import { boolean, checkedLater, checkFewOptions, type OptionRules, optional, type Size2d, shown } from '@cnnzoo/checks';
import { axisNames, integer, pair } from './arguments.js';
import { type AxisPadding, checkAxisPadding, slideTransposedWindow, slideWindow, type WindowResult } from './window.js';

/**
 * Padding of a two-dimensional window. `'valid'`: none. `'same'`: TensorFlow's, ceil(input / stride) outputs. A number: zeros on all
 * four sides. `[height, width]`: PyTorch's pair, both sides of each axis. `[[top, bottom], [left, right]]`: each side.
 */
export type Padding =
  | 'same'
  | 'valid'
  | number
  | readonly [height: number, width: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

/** A convolution or pooling along one axis (all numbers) or two (any pair, or a pair as input size). */
export interface WindowOptions<Size = Size2d, Pad = Padding> {
  inputSize: Size;
  kernelSize: Size;
  /** Step between two windows. Default: 1 for convolutions, `kernelSize` for pooling. */
  stride?: Size;
  /** Default 0. */
  padding?: Pad;
  /** Distance between two taps of the kernel. Default 1. */
  dilation?: Size;
  /** Round up instead of down; a last window must still start inside the input or the padding before it. Default false. */
  ceilMode?: boolean;
}

/** The options of `convTransposeOutputSize`. */
export interface TransposedWindowOptions<Size = Size2d, Pad = Padding>
  extends Omit<WindowOptions<Size, Pad>, 'ceilMode'> {
  /** Rows or columns added behind, for sizes that several inputs share. Only with numeric padding. Default 0. */
  outputPadding?: Size;
}

const size = checkedLater<Size2d>();
const stepRules = {
  inputSize: size,
  kernelSize: size,
  stride: optional(size),
  padding: optional(checkedLater<Padding>()),
  dilation: optional(size),
};
const windowRules: OptionRules<WindowOptions> = { ...stepRules, ceilMode: optional(boolean) };

type OneAxis = 'same' | 'valid' | number;

/** The padding of each axis. */
function axisPaddings(name: string, padding: unknown): readonly [AxisPadding, AxisPadding] {
  if (!Array.isArray(padding)) {
    const both = checkAxisPadding(name, padding);
    return [both, both];
  }
  if (padding.length !== 2) {
    throw new TypeError(`${name} must be [height, width] or [[top, bottom], [left, right]], got ${shown(padding)}`);
  }
  return [checkAxisPadding(`${name}[0]`, padding[0]), checkAxisPadding(`${name}[1]`, padding[1])];
}

/** Both axes of a convolution or pooling. */
export function slideWindow2d(
  options: WindowOptions,
  defaultStride: 'one' | 'kernelSize',
): readonly [WindowResult, WindowResult] {
  const inputSize = pair('inputSize', options.inputSize);
  const kernelSize = pair('kernelSize', options.kernelSize);
  const stride = pair('stride', options.stride ?? (defaultStride === 'one' ? 1 : kernelSize));
  const dilation = pair('dilation', options.dilation ?? 1);
  const padding = axisPaddings('padding', options.padding ?? 0);
  const ceilMode = options.ceilMode ?? false;
  const along = (axis: 0 | 1) =>
    slideWindow(axisNames[axis], inputSize[axis], {
      kernelSize: kernelSize[axis],
      stride: stride[axis],
      dilation: dilation[axis],
      padding: padding[axis],
      ceilMode,
    });
  return [along(0), along(1)];
}

/** Both axes of a pooling, with PyTorch's rule that padding is at most half the kernel, dilated or not: more would pool nothing but padding. */
export function slidePoolWindow2d(options: WindowOptions): readonly [WindowResult, WindowResult] {
  const result = slideWindow2d(options, 'kernelSize');
  const kernelSize = pair('kernelSize', options.kernelSize);
  for (const axis of [0, 1] as const) {
    const most = Math.floor(kernelSize[axis] / 2);
    const padding = Math.max(...result[axis].padding);
    if (options.padding !== 'same' && padding > most) {
      throw new RangeError(
        `padding ${padding} along the ${axisNames[axis]} is more than half of kernelSize ${kernelSize[axis]}, so that a window would pool nothing but padding; the nearest that fits is ${most}`,
      );
    }
  }
  return result;
}

export function slideTransposedWindow2d(options: TransposedWindowOptions): readonly [WindowResult, WindowResult] {
  const inputSize = pair('inputSize', options.inputSize);
  const kernelSize = pair('kernelSize', options.kernelSize);
  const stride = pair('stride', options.stride ?? 1);
  const dilation = pair('dilation', options.dilation ?? 1);
  const padding = axisPaddings('padding', options.padding ?? 0);
  const outputPadding = pair('outputPadding', options.outputPadding ?? 0, 0);
  const along = (axis: 0 | 1) =>
    slideTransposedWindow(axisNames[axis], inputSize[axis], {
      kernelSize: kernelSize[axis],
      stride: stride[axis],
      dilation: dilation[axis],
      padding: padding[axis],
      outputPadding: outputPadding[axis],
    });
  return [along(0), along(1)];
}

function sizes(options: object, result: readonly [WindowResult, WindowResult]): number | readonly [number, number] {
  const twoAxes = Object.values(options).some((value) => Array.isArray(value));
  return twoAxes ? [result[0].outputSize, result[1].outputSize] : result[0].outputSize;
}

/**
 * The size of a convolution's output: floor((W - F + 2P) / S) + 1 with the lecture's letters, dilation and ceil mode added.
 *
 * @param options sizes in pixels; numbers for one axis (or a square), `[height, width]` pairs for two
 * @returns a number where every option is a number, otherwise `[height, width]`
 * @throws TypeError or RangeError naming the option, its value and the nearest that fits
 *
 * @example
 * import { convOutputSize } from '@cnnzoo/shape';
 *
 * convOutputSize({ inputSize: 227, kernelSize: 11, stride: 4 }); // 55, AlexNet's first convolution
 * convOutputSize({ inputSize: [17, 17], kernelSize: [1, 7], padding: [0, 3] }); // [17, 17]
 */
export function convOutputSize(options: WindowOptions<number, OneAxis>): number;
export function convOutputSize(options: WindowOptions): number | readonly [number, number];
export function convOutputSize(options: WindowOptions): number | readonly [number, number] {
  checkFewOptions<WindowOptions>('convOutputSize', options, windowRules);
  return sizes(options, slideWindow2d(options, 'one'));
}

/**
 * The size of a pooling's output. As `convOutputSize`, but `stride` defaults to `kernelSize`, and padding may be half the kernel at most.
 *
 * @param options sizes in pixels
 * @returns a number where every option is a number, otherwise `[height, width]`
 * @throws TypeError or RangeError naming the option, its value and the nearest that fits
 *
 * @example
 * import { poolOutputSize } from '@cnnzoo/shape';
 *
 * poolOutputSize({ inputSize: 55, kernelSize: 3, stride: 2 }); // 27
 * poolOutputSize({ inputSize: 112, kernelSize: 3, stride: 2, ceilMode: true }); // 56, GoogLeNet
 */
export function poolOutputSize(options: WindowOptions<number, OneAxis>): number;
export function poolOutputSize(options: WindowOptions): number | readonly [number, number];
export function poolOutputSize(options: WindowOptions): number | readonly [number, number] {
  checkFewOptions<WindowOptions>('poolOutputSize', options, windowRules);
  return sizes(options, slidePoolWindow2d(options));
}

/**
 * The size of a transposed convolution's output: (W - 1) * S - 2P + dilation * (F - 1) + 1 + outputPadding with numeric padding (PyTorch),
 * W * S with `'same'` and W * S + max(F - S, 0) with `'valid'` (Keras).
 *
 * @param options sizes in pixels
 * @returns a number where every option is a number, otherwise `[height, width]`
 * @throws TypeError or RangeError naming the option, its value and the nearest that fits
 *
 * @example
 * import { convTransposeOutputSize } from '@cnnzoo/shape';
 *
 * convTransposeOutputSize({ inputSize: 7, kernelSize: 4, stride: 2, padding: 1 }); // 14
 */
export function convTransposeOutputSize(options: TransposedWindowOptions<number, OneAxis>): number;
export function convTransposeOutputSize(options: TransposedWindowOptions): number | readonly [number, number];
export function convTransposeOutputSize(options: TransposedWindowOptions): number | readonly [number, number] {
  checkFewOptions<TransposedWindowOptions>('convTransposeOutputSize', options, {
    ...stepRules,
    outputPadding: optional(size),
  });
  return sizes(options, slideTransposedWindow2d(options));
}

/**
 * The size of an adaptive pooling's output, which is what was asked for; null keeps the input's. Larger than the input is legal: bins overlap.
 *
 * @param options `inputSize` and `outputSize` in pixels
 * @returns a number where both are numbers (or null), otherwise `[height, width]`
 * @throws TypeError or RangeError naming the option and its value
 *
 * @example
 * import { adaptivePoolOutputSize } from '@cnnzoo/shape';
 *
 * adaptivePoolOutputSize({ inputSize: [13, 9], outputSize: [6, null] }); // [6, 9]
 */
export function adaptivePoolOutputSize(options: { inputSize: number; outputSize: number | null }): number;
export function adaptivePoolOutputSize(options: {
  inputSize: Size2d;
  outputSize: AdaptiveSize;
}): number | readonly [number, number];
export function adaptivePoolOutputSize(options: {
  inputSize: Size2d;
  outputSize: AdaptiveSize;
}): number | readonly [number, number] {
  checkFewOptions<{ inputSize: Size2d; outputSize: AdaptiveSize }>('adaptivePoolOutputSize', options, {
    inputSize: size,
    outputSize: checkedLater<AdaptiveSize>(),
  });
  const inputSize = pair('inputSize', options.inputSize);
  const found = adaptiveSizes(inputSize, options.outputSize);
  return Array.isArray(options.inputSize) || Array.isArray(options.outputSize) ? found : found[0];
}

/** What adaptive pooling is asked for; null means the input's own size. */
export type AdaptiveSize = number | null | readonly [height: number | null, width: number | null];

export function adaptiveSizes(
  inputSize: readonly [number, number],
  outputSize: AdaptiveSize,
): readonly [number, number] {
  const wanted: readonly unknown[] = Array.isArray(outputSize) ? outputSize : [outputSize, outputSize];
  if (wanted.length !== 2) throw new TypeError(`outputSize must be a number or a pair, got ${shown(outputSize)}`);
  return [integer('outputSize', wanted[0] ?? inputSize[0]), integer('outputSize', wanted[1] ?? inputSize[1])];
}

/**
 * The size after padding (or, with negative numbers, cropping) the edges.
 *
 * @param options `inputSize` in pixels; `padding` as a number, `[height, width]` or `[[top, bottom], [left, right]]`, negative to crop
 * @returns a number where both are numbers, otherwise `[height, width]`
 * @throws TypeError or RangeError where nothing would be left, naming the most that can be cropped
 *
 * @example
 * import { padOutputSize } from '@cnnzoo/shape';
 *
 * padOutputSize({ inputSize: 28, padding: 2 }); // 32, MNIST for LeNet-5
 * padOutputSize({ inputSize: [224, 224], padding: [[0, 1], [0, 1]] }); // [225, 225]
 */
export function padOutputSize(options: { inputSize: number; padding: number }): number;
export function padOutputSize(options: {
  inputSize: Size2d;
  padding: Exclude<Padding, string>;
}): number | readonly [number, number];
export function padOutputSize(options: {
  inputSize: Size2d;
  padding: Exclude<Padding, string>;
}): number | readonly [number, number] {
  checkFewOptions<{ inputSize: Size2d; padding: Exclude<Padding, string> }>('padOutputSize', options, {
    inputSize: size,
    padding: checkedLater<Exclude<Padding, string>>(),
  });
  const inputSize = pair('inputSize', options.inputSize);
  const sides = edgePaddings(options.padding);
  const found = [0, 1].map((axis) => paddedSize(axis as 0 | 1, inputSize[axis as 0 | 1], sides[axis as 0 | 1]));
  return Array.isArray(options.inputSize) || Array.isArray(options.padding)
    ? [found[0] ?? 0, found[1] ?? 0]
    : (found[0] ?? 0);
}

/** Each side's padding, negative where it crops. */
export function edgePaddings(padding: unknown): readonly [readonly [number, number], readonly [number, number]] {
  const along = (value: unknown): readonly [number, number] => {
    if (Array.isArray(value) && value.length === 2) {
      return [
        integer('padding', value[0], Number.MIN_SAFE_INTEGER),
        integer('padding', value[1], Number.MIN_SAFE_INTEGER),
      ];
    }
    const both = integer('padding', value, Number.MIN_SAFE_INTEGER);
    return [both, both];
  };
  if (!Array.isArray(padding)) return [along(padding), along(padding)];
  if (padding.length !== 2) {
    throw new TypeError(
      `padding must be a number, [height, width] or [[top, bottom], [left, right]], got ${shown(padding)}`,
    );
  }
  return [along(padding[0]), along(padding[1])];
}

export function paddedSize(axis: 0 | 1, inputSize: number, sides: readonly [number, number]): number {
  const size = inputSize + sides[0] + sides[1];
  if (size >= 1) return size;
  throw new RangeError(
    `padding ${shown(sides)} crops all of the input's ${axisNames[axis]} ${inputSize}; the most that can be cropped is ${inputSize - 1}`,
  );
}

/**
 * The size after resizing: `outputSize` itself, or floor(inputSize * scaleFactor).
 *
 * @param options `inputSize` in pixels and either `outputSize` in pixels or `scaleFactor`
 * @returns a number where every option is a number, otherwise `[height, width]`
 * @throws TypeError or RangeError where nothing would be left, or where neither or both are given
 *
 * @example
 * import { resizeOutputSize } from '@cnnzoo/shape';
 *
 * resizeOutputSize({ inputSize: 7, scaleFactor: 2 }); // 14
 */
export function resizeOutputSize(options: { inputSize: number; outputSize?: number; scaleFactor?: number }): number;
export function resizeOutputSize(options: {
  inputSize: Size2d;
  outputSize?: Size2d;
  scaleFactor?: Size2d;
}): number | readonly [number, number];
export function resizeOutputSize(options: {
  inputSize: Size2d;
  outputSize?: Size2d;
  scaleFactor?: Size2d;
}): number | readonly [number, number] {
  const { outputSize, scaleFactor } = checkFewOptions<{
    inputSize: Size2d;
    outputSize?: Size2d;
    scaleFactor?: Size2d;
  }>('resizeOutputSize', options, { inputSize: size, outputSize: optional(size), scaleFactor: optional(size) });
  const inputSize = pair('inputSize', options.inputSize);
  if ((outputSize === undefined) === (scaleFactor === undefined)) {
    throw new TypeError('resizing takes outputSize or scaleFactor, one of the two');
  }
  const found = outputSize === undefined ? scaledSizes(inputSize, scaleFactor) : pair('outputSize', outputSize);
  return Object.values(options).some((value) => Array.isArray(value)) ? found : found[0];
}

function scaledSizes(inputSize: readonly [number, number], scaleFactor: unknown): readonly [number, number] {
  const factors: readonly unknown[] = Array.isArray(scaleFactor) ? scaleFactor : [scaleFactor, scaleFactor];
  const along = (axis: 0 | 1): number => {
    const factor = factors[axis];
    if (typeof factor !== 'number' || !(factor > 0) || !Number.isFinite(factor)) {
      throw new RangeError(`scaleFactor must be a number above 0, got ${shown(scaleFactor)}`);
    }
    const size = Math.floor(inputSize[axis] * factor);
    if (size >= 1) return size;
    throw new RangeError(
      `scaleFactor ${factor} leaves nothing of the input's ${axisNames[axis]} ${inputSize[axis]}; the smallest that does is ${1 / inputSize[axis]}`,
    );
  };
  return [along(0), along(1)];
}
