/** The numbers of a convolution or pooling, as ONNX wants them. */

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { GeometryMemo } from './geometry-memo.js';

/** Kernel, stride, dilation and padding of a window that slides over height and width. */
export type Window = {
  /** [height, width] */
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  /** [top, left, bottom, right] */
  pads: readonly number[];
};

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat?: 'NHWC' | 'NCHW';
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The padding at the end that makes ONNX's output size, which rounds down, the one that tfjs has computed: it may round up, leave
 * pixels at the end unread, and computes the width by the height's kernel and stride where padding is a number. Negative where
 * pixels would have to be cut off.
 */
function padEnd(
  inputSize: number,
  outputSize: number,
  extent: number,
  stride: number,
  padStart: number,
  padAtEnd: number,
): number {
  const needed = (outputSize - 1) * stride + extent - inputSize - padStart;
  return Math.min(Math.max(padAtEnd, needed), needed + stride - 1);
}

function windowOf(info: tf.backend_util.Conv2DInfo, [outHeight, outWidth]: readonly [number, number]): Window {
  const { top, left, bottom, right } = info.padInfo;
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [
      top,
      left,
      padEnd(info.inHeight, outHeight, info.effectiveFilterHeight, info.strideHeight, top, bottom),
      padEnd(info.inWidth, outWidth, info.effectiveFilterWidth, info.strideWidth, left, right),
    ],
  };
}

export interface Geometry {
  readonly window: Window;
  /** [batch, height, width, channels] */
  readonly outputShape: readonly number[];
}

/**
 * ONNX's windows only pad: null where pixels at the end would have to be cut off.
 * @param gradient of the output, which knows the output's height and width where tfjs's gradients forget the rounding mode
 */
function geometryOf(info: tf.backend_util.Conv2DInfo, gradient: readonly number[] | undefined): Geometry | null {
  const [, height = info.outHeight, width = info.outWidth] = gradient ?? info.outShape;
  // Rounding makes a difference of one; anything else is a mistake, which tfjs's cpu kernels report.
  if (Math.abs(height - info.outHeight) > 1 || Math.abs(width - info.outWidth) > 1) return null;
  const window = windowOf(info, [height, width]);
  const outputShape = [info.batchSize, height, width, info.outChannels];
  return window.pads.every((size) => size >= 0) ? { window, outputShape } : null;
}

const memo = new GeometryMemo<Geometry | null>();
const noShape: readonly number[] = [];
// What is in neither list, tfjs refuses.
const paddings: readonly string[] = ['same', 'valid'];
const roundings = [undefined, 'floor', 'round', 'ceil'] as const;

/** Adds an attribute to the numbers of a call; what comes first says how many follow. */
function addNumbers(numbers: number[], value: number | string | readonly (number | readonly number[])[]): void {
  if (typeof value === 'number') numbers.push(-1, value);
  else if (typeof value === 'string') numbers.push(-2, paddings.indexOf(value));
  else {
    numbers.push(value.length);
    for (const each of value) addNumbers(numbers, each);
  }
}

/** Written anew for each call: the memo looks and copies. */
const numbers: number[] = [];

/** All that a geometry depends on, until the next call. `filterShape` is a pooling's window, and `kind` tells what is called. */
function numbersOf(
  kind: number,
  inputShape: readonly number[],
  filterShape: number | readonly number[],
  { strides, pad, dilations, dimRoundingMode }: ConvolutionAttributes,
  gradient: readonly number[] | undefined,
): readonly number[] {
  numbers.length = 0;
  numbers.push(kind, roundings.indexOf(dimRoundingMode ?? undefined));
  addNumbers(numbers, inputShape);
  addNumbers(numbers, filterShape);
  addNumbers(numbers, strides);
  addNumbers(numbers, dilations ?? 1);
  addNumbers(numbers, pad);
  addNumbers(numbers, gradient ?? noShape);
  return numbers;
}

/**
 * The geometry of a convolution, or null where ONNX cannot express it or its data format is not NHWC.
 * @param gradient shape of the output's gradient, where there is one
 */
export function convolutionGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: NamedAttrMap,
  depthwise = false,
  gradient?: readonly number[],
): Geometry | null {
  const convolution = attributes as unknown as ConvolutionAttributes;
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = convolution;
  if (dataFormat === 'NCHW') return null;
  return memo.get(numbersOf(depthwise ? 1 : 0, inputShape, filterShape, convolution, gradient), () => {
    const info = tf.backend_util.computeConv2DInfo(
      inputShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
    );
    return geometryOf(info, gradient);
  });
}

/**
 * The geometry of a pooling, or null where ONNX cannot express it.
 * @param gradient shape of the output's gradient, where there is one
 */
export function poolingGeometry(
  inputShape: readonly number[],
  attributes: NamedAttrMap,
  gradient?: readonly number[],
): Geometry | null {
  const pooling = attributes as unknown as ConvolutionAttributes & { filterSize: number | [number, number] };
  const { filterSize, strides, pad, dimRoundingMode } = pooling;
  return memo.get(numbersOf(2, inputShape, filterSize, pooling, gradient), () => {
    const info = tf.backend_util.computePool2DInfo(
      inputShape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return geometryOf(info, gradient);
  });
}

/** The window's attributes for ONNX's Conv, ConvTranspose and pools; without dilations where the operator has none. */
export function windowAttributes({ kernel, strides, dilations, pads }: Window): Record<string, readonly number[]> {
  return {
    kernel_shape: kernel,
    strides,
    pads,
    ...(dilations.some((dilation) => dilation !== 1) ? { dilations } : {}),
  };
}
