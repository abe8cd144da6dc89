/** Where the windows of convolutions and poolings lie along one axis. */
import { type Rule, size2d, sizePair } from '@cnnzoo/checks';

/** Padding: as many on each side of both axes, [vertical, horizontal], or TensorFlow's names. */
export type Padding = number | readonly [vertical: number, horizontal: number] | 'same' | 'valid';

export const paddingRule: Rule<Padding> = /* @__PURE__ */ size2d<'same' | 'valid'>(0, 'same', 'valid');

/** `padding` for height and width. */
export function paddingPair(padding: Padding): [AxisWindow['padding'], AxisWindow['padding']] {
  return typeof padding === 'string' ? [padding, padding] : sizePair(padding);
}

export interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number | 'same' | 'valid';
  /** Round the number of windows up: the last one may reach over the edge, but must not start there. */
  readonly ceilMode: boolean;
}

export interface AxisPadding {
  readonly before: number;
  readonly after: number;
  /** How many windows there are. */
  readonly output: number;
}

/** Padding before and after an axis of `size` so that windows without further padding ('valid') lie as `window` says. */
export function axisPadding(size: number, window: AxisWindow): AxisPadding {
  const { kernel, stride, dilation, padding, ceilMode } = window;
  const extent = (kernel - 1) * dilation + 1;
  if (padding === 'same') {
    const output = Math.ceil(size / stride);
    const total = Math.max(0, (output - 1) * stride + extent - size);
    return { before: Math.floor(total / 2), after: Math.ceil(total / 2), output };
  }
  const each = padding === 'valid' ? 0 : padding;
  const steps = (size + 2 * each - extent) / stride;
  if (!ceilMode) return { before: each, after: each, output: Math.floor(steps) + 1 };
  let output = Math.ceil(steps) + 1;
  // PyTorch's rule: a window that would start in the padding at the end is dropped.
  if ((output - 1) * stride >= size + each) output--;
  return { before: each, after: Math.max(0, (output - 1) * stride + extent - size - each), output };
}

/** Whether 'same' means this very padding: at stride 1 with an odd kernel it is symmetric whatever the size. */
export function equalsSame({ kernel, stride, dilation, padding, ceilMode }: AxisWindow): boolean {
  if (padding === 'same') return true;
  const each = padding === 'valid' ? 0 : padding;
  return stride === 1 && !ceilMode && 2 * each === (kernel - 1) * dilation;
}

/** The output size along an axis, null where the input's is. @throws RangeError where no window fits */
export function axisOutput(
  size: number | null | undefined,
  window: AxisWindow,
  axis: string,
  layer: string,
): number | null {
  if (size === null || size === undefined) return null;
  const { output } = axisPadding(size, window);
  if (output >= 1) return output;
  const { kernel, dilation, padding } = window;
  throw new RangeError(
    `layer ${layer}: the input's ${axis} is ${size}, too small for kernel size ${kernel}, dilation ${dilation} and padding ${padding}`,
  );
}
