/** Weights and biases as integers. */
import type { TensorProto } from '@cnnzoo/onnx-format';
import { roundHalfEven } from '../graph/float-math.js';
import { floatsOf, sizeOf } from '../graph/tensors.js';
import { activationRange, type IntegerRange, type Scale, scaleOf, symmetricScale } from './scale.js';

export interface QuantizedTensor {
  readonly values: Int8Array | Uint8Array | Int32Array;
  readonly dims: readonly number[];
  readonly scales: readonly Scale[];
  /** Null for one scale. */
  readonly axis: number | null;
}

/** Where the channel of an element changes along its axis. */
function channelsOf(dims: readonly number[], axis: number | null): { count: number; of: (index: number) => number } {
  if (axis === null) return { count: 1, of: () => 0 };
  const count = dims[axis] ?? 1;
  const inner = sizeOf(dims.slice(axis + 1));
  return { count, of: (index) => Math.floor(index / inner) % count };
}

/** One scale, or one for each index along the axis, so that the largest weight is the largest integer. */
export function weightScales(tensor: TensorProto, axis: number | null, range: IntegerRange): Scale[] {
  const values = floatsOf(tensor) ?? new Float32Array();
  const channels = channelsOf(tensor.dims, axis);
  const largest = new Float64Array(channels.count);
  for (let i = 0; i < values.length; i++) {
    const channel = channels.of(i);
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(values[i] ?? 0));
  }
  return Array.from(largest, (each) => symmetricScale(each, range));
}

export function quantizeWeights(tensor: TensorProto, axis: number | null, scales: readonly Scale[]): QuantizedTensor {
  const values = floatsOf(tensor) ?? new Float32Array();
  const channels = channelsOf(tensor.dims, axis);
  const integers = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const { scale = 1 } = scales[channels.of(i)] ?? {};
    integers[i] = clipped(roundHalfEven(Math.fround((values[i] ?? 0) / scale)), -128, 127);
  }
  return { values: integers, dims: tensor.dims, scales, axis };
}

/** What integers stand for. */
export function dequantized({ values, dims, scales, axis }: QuantizedTensor): Float32Array {
  const channels = channelsOf(dims, axis);
  return Float32Array.from(values, (value, i) => {
    const { scale = 1, zeroPoint = 0 } = scales[channels.of(i)] ?? {};
    return (value - zeroPoint) * scale;
  });
}

/** A constant that is no weight, such as what is added to all images: as an activation. */
export function quantizeConstant(tensor: TensorProto, range: IntegerRange): QuantizedTensor {
  const values = floatsOf(tensor) ?? new Float32Array();
  const lowest = values.reduce((least, value) => Math.min(least, value), 0);
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  const scale = scaleOf(lowest, highest, range);
  const { least, most } = activationRange;
  const integers = Uint8Array.from(values, (value) =>
    clipped(roundHalfEven(Math.fround(value / scale.scale)) + scale.zeroPoint, least, most),
  );
  return { values: integers, dims: tensor.dims, scales: [scale], axis: null };
}

const [leastInt32, mostInt32] = [-(2 ** 31), 2 ** 31 - 1];

/** A scale of weights so large that the bias of their channel has room in 32 bits. */
export function withRoomForBias(scales: readonly Scale[], bias: Float32Array, input: Scale): Scale[] {
  const largest = bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return scales.map((scale, channel) => {
    const value = scales.length === 1 ? largest : Math.abs(bias[channel] ?? 0);
    const least = (1.0001 * 2 * value) / (2 * mostInt32);
    const product = input.scale * scale.scale;
    return product > 0 && product < least ? { ...scale, scale: Math.fround((scale.scale * least) / product) } : scale;
  });
}

export function quantizeBias(
  bias: Float32Array,
  dims: readonly number[],
  input: Scale,
  weights: readonly Scale[],
  beta: number,
): QuantizedTensor {
  const scales = weights.map(({ scale }) => ({
    scale: Math.fround(Math.fround(input.scale * scale) * beta),
    zeroPoint: 0,
  }));
  const values = Int32Array.from(bias, (value, i) => {
    const { scale = 1 } = scales[scales.length === 1 ? 0 : i] ?? {};
    return clipped(roundHalfEven(value / scale), leastInt32, mostInt32);
  });
  return { values, dims, scales, axis: scales.length === 1 ? null : 0 };
}

const clipped = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
