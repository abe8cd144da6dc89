/** What calls give that tfjs's cpu backend gets wrong, computed in another way: in plain arrays, or by its kernels that are right. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnCase, type Input, tensorOf } from './drawn-case.js';
import { weightsOf } from './gradient-weights.js';

export function inputOf({ inputs, operation }: DrawnCase): Input {
  const [input] = inputs;
  if (input === undefined) throw new Error(`${operation} was drawn without an input`);
  return input;
}

/** f of each element of an int32 input, in integers of any size, modulo 2^32. */
export function wrapped(drawn: DrawnCase, f: (x: bigint) => bigint): tf.Tensor[] {
  const { shape, values } = inputOf(drawn);
  const results = values.map((value) => Number(BigInt.asIntN(32, f(BigInt(value)))));
  return [tf.tensor(results, [...shape], 'int32')];
}

/** f of the elements of two int32 inputs, in integers of any size, modulo 2^32. */
export function wrappedPairs({ inputs }: DrawnCase, f: (a: bigint, b: bigint) => bigint): tf.Tensor[] {
  const [first, second] = inputs;
  if (first === undefined || second === undefined) return [];
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...first.shape], [...second.shape]);
  const [a, b] = [first, second].map((input) => tf.broadcastTo(tensorOf(input), shape).dataSync());
  const results = Array.from(a ?? [], (x, i) => Number(BigInt.asIntN(32, f(BigInt(x), BigInt(b?.[i] ?? 0)))));
  return [tf.tensor(results, shape, 'int32')];
}

/** The product of an int32 input along axes, in integers of any size, modulo 2^32. */
export function wrappedProduct(drawn: DrawnCase): tf.Tensor[] {
  const { shape, values } = inputOf(drawn);
  const { axis, keepDims } = drawn.options as { axis: number | number[] | undefined; keepDims: boolean };
  const axes = tf.util.parseAxisParam(axis ?? shape.map((_, i) => i), [...shape]);
  const kept = shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
  const products = new Array<bigint>(tf.util.sizeFromShape(kept)).fill(1n);
  const [strides, keptStrides] = [shape, kept].map((each) => [...tf.util.computeStrides([...each]), 1]);
  values.forEach((value, i) => {
    let [rest, to] = [i, 0];
    shape.forEach((_, at) => {
      const stride = strides?.[at] ?? 1;
      const index = Math.floor(rest / stride);
      rest %= stride;
      if (!axes.includes(at)) to += index * (keptStrides?.[at] ?? 1);
    });
    products[to] = (products[to] ?? 1n) * BigInt(value);
  });
  const results = products.map((product) => Number(BigInt.asIntN(32, product)));
  const reduced = keepDims ? kept : shape.filter((_, i) => !axes.includes(i));
  return [tf.tensor(results, reduced, 'int32')];
}

export interface StridedSlice {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
  readonly masks: { readonly begin: number; readonly end: number; readonly shrink: number };
}

/** The indices that a strided slice takes of each axis, as Python's slices do. */
export function takenIndices(drawn: DrawnCase): number[][] {
  const { begin, end, strides, masks } = drawn.options as StridedSlice;
  return inputOf(drawn).shape.map((extent, axis) => {
    const stride = strides[axis] ?? 1;
    const bit = 1 << axis;
    const [lowest, highest] = stride > 0 ? [0, extent] : [-1, extent - 1];
    const placed = (index: number) => Math.min(highest, Math.max(lowest, index < 0 ? index + extent : index));
    if (masks.shrink & bit) return [placed(begin[axis] ?? 0)];
    const from = masks.begin & bit ? (stride > 0 ? 0 : extent - 1) : placed(begin[axis] ?? 0);
    const to = masks.end & bit ? (stride > 0 ? extent : -1) : placed(end[axis] ?? 0);
    const taken: number[] = [];
    for (let index = from; stride > 0 ? index < to : index > to; index += stride) taken.push(index);
    return taken;
  });
}

/** An empty tensor of the shape that a strided slice has. */
export function emptySlice(drawn: DrawnCase): tf.Tensor[] {
  const { masks } = drawn.options as StridedSlice;
  const shape = takenIndices(drawn).flatMap((taken, axis) => (masks.shrink & (1 << axis) ? [] : [taken.length]));
  return [tf.zeros(shape, inputOf(drawn).dtype)];
}

/**
 * The gradient of a resized image, by what resizing makes of images with a single pixel that is 1: it is linear, and treats each image
 * and channel alike.
 */
export function resizingGradient(drawn: DrawnCase): tf.Tensor[] {
  const [images = 0, height = 0, width = 0, channels = 0] = inputOf(drawn).shape;
  const pixels = height * width;
  const single = tf.reshape(tf.eye(pixels), [pixels, height, width, 1]);
  const resized = drawn.apply(single) as tf.Tensor4D;
  const [, newHeight = 0, newWidth = 0] = resized.shape;
  const result = weightsOf([images, newHeight, newWidth, channels]);
  const perChannel = tf.reshape(tf.transpose(result, [0, 3, 1, 2]), [images * channels, newHeight * newWidth]);
  const gradient = tf.matMul(perChannel, tf.reshape(resized, [pixels, newHeight * newWidth]), false, true);
  return [tf.transpose(tf.reshape(gradient, [images, channels, height, width]), [0, 2, 3, 1])];
}

/** The same call along the axis that is meant, counted from the front. */
export function alongPositiveAxis(
  drawn: DrawnCase,
  apply: (x: tf.Tensor, axis: number, exclusive: boolean, reverse: boolean) => tf.Tensor,
): tf.Tensor[] {
  const { axis, exclusive, reverse } = drawn.options as { axis: number; exclusive: boolean; reverse: boolean };
  const x = inputOf(drawn);
  return [apply(tensorOf(x), axis < 0 ? axis + x.shape.length : axis, exclusive, reverse)];
}
