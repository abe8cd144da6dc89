/** Where the windows of convolutions and poolings lie along one axis. */
import { type Rule, size2d, sizePair } from '@cnnzoo/checks';
import type { Shape } from '@tensorflow/tfjs-layers';

/** Padding: as many on each side of both axes, [vertical, horizontal], or TensorFlow's names. */
export type LayerPadding = number | readonly [vertical: number, horizontal: number] | 'same' | 'valid';

export const paddingRule: Rule<LayerPadding> = /* @__PURE__ */ size2d<'same' | 'valid'>(0, 'same', 'valid');

/** `padding` for height and width. */
export function paddingPair(padding: LayerPadding): [AxisWindow['padding'], AxisWindow['padding']] {
  return padding === 'same' ? [padding, padding] : sizePair(padding === 'valid' ? 0 : padding);
}

export interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number | 'same';
  /** Round the number of windows up: the last one may reach over the edge, but must not start there. */
  readonly ceilMode: boolean;
}

/** Vertical and horizontal. */
export type Windows = readonly [AxisWindow, AxisWindow];

export interface AxisPadding {
  readonly before: number;
  readonly after: number;
  /** How many windows there are. */
  readonly output: number;
}

/** Padding before and after an axis of `size` so that windows without further padding ('valid') lie as `window` says. */
export function axisPadding(size: number, { kernel, stride, dilation, padding, ceilMode }: AxisWindow): AxisPadding {
  const extent = (kernel - 1) * dilation + 1;
  const isSame = padding === 'same';
  const each = isSame ? 0 : padding;
  const steps = (size + 2 * each - extent) / stride;
  let output = isSame ? Math.ceil(size / stride) : Math[ceilMode ? 'ceil' : 'floor'](steps) + 1;
  // PyTorch's rule: a window that would start in the padding at the end is dropped.
  if (ceilMode && !isSame && (output - 1) * stride >= size + each) output--;
  const missing = Math.max(0, (output - 1) * stride + extent - size);
  const before = isSame ? Math.floor(missing / 2) : each;
  return { before, after: isSame || ceilMode ? Math.max(0, missing - before) : each, output };
}

/** Whether 'same' means this very padding: at stride 1 with an odd kernel it is symmetric whatever the size. */
export function equalsSame({ kernel, stride, dilation, padding, ceilMode }: AxisWindow): boolean {
  return padding === 'same' || (stride === 1 && !ceilMode && 2 * padding === (kernel - 1) * dilation);
}

/**
 * Height and width of the output, null where the input's are.
 * @param input the shape [batch, height, width, channels]
 * @throws RangeError where no window fits
 */
export function outputSize(input: Shape, windows: Windows, layer: string): (number | null)[] {
  return windows.map((window, axis) => {
    const size = input[axis + 1];
    if (typeof size !== 'number') return null;
    const { output } = axisPadding(size, window);
    if (output >= 1) return output;
    const { kernel, dilation, padding } = window;
    throw new RangeError(
      `layer ${layer}: the input's ${axis === 0 ? 'height' : 'width'} is ${size}, too small for kernel size ${kernel}, dilation ${dilation} and padding ${padding}`,
    );
  });
}
