import { shown } from '@cnnzoo/checks';
import { integer } from './arguments.js';

/**
 * How a window that slides along one axis meets the edges. `'valid'`: no padding. `'same'`: TensorFlow's rule, ceil(input / stride)
 * outputs, an odd rest going behind. A number: that many zeros on both sides. A pair: before and behind.
 */
export type AxisPadding = 'same' | 'valid' | number | readonly [before: number, behind: number];

/** A window along one axis: kernel, stride, dilation, padding, all checked. */
export interface Window {
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: AxisPadding;
  readonly ceilMode: boolean;
}

/** What comes out of a window that slid along an axis. */
export interface WindowResult {
  readonly outputSize: number;
  /** Zeros in front of the first and behind the last element. */
  readonly padding: readonly [before: number, behind: number];
}

/** The reach of a kernel whose taps are `dilation` apart: dilation * (kernelSize - 1) + 1. */
export function effectiveKernelSize(kernelSize: number, dilation: number): number {
  return dilation * (kernelSize - 1) + 1;
}

/** @throws TypeError or RangeError naming what would be a padding, if `padding` is none. */
export function checkAxisPadding(name: string, padding: unknown): AxisPadding {
  if (padding === 'same' || padding === 'valid') return padding;
  if (typeof padding === 'number') return integer(name, padding, 0);
  if (Array.isArray(padding) && padding.length === 2) {
    return [integer(`${name}[0]`, padding[0], 0), integer(`${name}[1]`, padding[1], 0)];
  }
  const near =
    typeof padding === 'string'
      ? `; the nearest is '${padding.trim().toLowerCase().startsWith('s') ? 'same' : 'valid'}'`
      : '';
  throw new TypeError(
    `${name} must be 'same', 'valid', a number or a pair of numbers of at least 0, got ${shown(padding)}${near}`,
  );
}

/**
 * Slides a window along an axis of `inputSize` elements.
 *
 * out = floor((in + before + behind - dilation * (kernel - 1) - 1) / stride) + 1, with ceil in place of floor in ceil mode, where, as in
 * PyTorch, a last window that would start behind the input and the padding before it is left out, and a kernel may be larger than the
 * padded input by less than a stride.
 *
 * @returns an `outputSize` of 0 or less where the kernel is too large
 */
export function countWindows(inputSize: number, window: Window): WindowResult {
  const { kernelSize, stride, dilation, ceilMode } = window;
  const reach = effectiveKernelSize(kernelSize, dilation);
  if (window.padding === 'same') {
    const outputSize = Math.ceil(inputSize / stride);
    const total = Math.max(0, (outputSize - 1) * stride + reach - inputSize);
    const before = Math.floor(total / 2);
    return { outputSize, padding: [before, total - before] };
  }
  const padding = bothSides(window.padding);
  const steps = (inputSize + padding[0] + padding[1] - reach) / stride;
  let outputSize = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceilMode && (outputSize - 1) * stride >= inputSize + padding[0]) outputSize -= 1;
  return { outputSize, padding };
}

/** As `countWindows`. @throws RangeError if the kernel is too large, naming the kernel and the padding that would fit */
export function slideWindow(axis: string, inputSize: number, window: Window): WindowResult {
  const result = countWindows(inputSize, window);
  if (result.outputSize >= 1) return result;
  const { kernelSize, dilation } = window;
  const reach = effectiveKernelSize(kernelSize, dilation);
  const added = result.padding[0] + result.padding[1];
  const dilated = dilation > 1 ? ` with dilation ${dilation} (reach ${reach})` : '';
  const padded = added > 0 ? ` padded to ${inputSize + added}` : '';
  const largest = Math.floor((inputSize + added - 1) / dilation) + 1;
  throw new RangeError(
    `kernelSize ${kernelSize}${dilated} is larger than the input's ${axis} ${inputSize}${padded}; the nearest that fits: ` +
      `kernelSize ${largest}, or padding ${Math.ceil((reach - inputSize) / 2)}, or an input of ${reach - added}`,
  );
}

export function bothSides(padding: Exclude<AxisPadding, 'same'>): readonly [number, number] {
  if (padding === 'valid') return [0, 0];
  return typeof padding === 'number' ? [padding, padding] : padding;
}

/** A transposed window along one axis. `'same'` and `'valid'` are Keras's rules, numbers are PyTorch's. */
export function slideTransposedWindow(
  axis: string,
  inputSize: number,
  window: Omit<Window, 'ceilMode'> & { readonly outputPadding: number },
): WindowResult {
  const { kernelSize, stride, dilation, outputPadding } = window;
  const reach = effectiveKernelSize(kernelSize, dilation);
  if (window.padding === 'same') {
    const total = Math.max(0, reach - stride);
    return { outputSize: inputSize * stride, padding: [Math.floor(total / 2), Math.ceil(total / 2)] };
  }
  if (window.padding === 'valid') {
    return { outputSize: inputSize * stride + Math.max(0, reach - stride), padding: [0, 0] };
  }
  if (outputPadding > 0 && outputPadding >= Math.max(stride, dilation)) {
    throw new RangeError(
      `outputPadding ${outputPadding} must be smaller than stride ${stride} or dilation ${dilation}; the nearest that fits is ${Math.max(stride, dilation) - 1}`,
    );
  }
  const padding = bothSides(window.padding);
  const outputSize = (inputSize - 1) * stride - padding[0] - padding[1] + reach + outputPadding;
  if (outputSize < 1) {
    const most = Math.floor(((inputSize - 1) * stride + reach + outputPadding - 1) / 2);
    throw new RangeError(
      `padding ${shown(window.padding)} leaves nothing of the transposed convolution's ${axis} (${outputSize} from an input of ${inputSize}); the nearest that fits is padding ${most}`,
    );
  }
  return { outputSize, padding };
}

/**
 * The bins of adaptive pooling along one axis: bin i of n reaches from floor(i * in / n) to ceil((i + 1) * in / n), which are
 * ceil((a + in) / n) elements, where a = i * in mod n is a multiple of gcd(in, n) up to n - gcd(in, n).
 */
export function adaptiveBins(inputSize: number, outputSize: number): { largest: number; first: number } {
  const divisor = greatestCommonDivisor(inputSize, outputSize);
  return {
    largest: Math.ceil((outputSize - divisor + inputSize) / outputSize),
    first: Math.ceil(inputSize / outputSize),
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
