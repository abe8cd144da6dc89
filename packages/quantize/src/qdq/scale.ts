/** Scale and zero point of a range: onnxruntime's `compute_scale_zp`. real = scale * (integer - zero point). */
import { roundHalfEven } from '../graph/float-math.js';

export interface Scale {
  /** A float32. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Integers that may be used. */
export interface IntegerRange {
  readonly least: number;
  readonly most: number;
}

/** The smallest float32 that is not subnormal. */
const smallestScale = 2 ** -126;

/** Activations: 8 bits without sign, so that what ReLU cuts off needs no bits. */
export const activationRange: IntegerRange = { least: 0, most: 255 };

/** Weights: symmetric, so that zero is zero and products need no correction. */
export const weightRanges = {
  int8: { least: -127, most: 127 },
  // Two products of 7-bit weights and 8-bit activations fit into 16 bits, in which AVX2 adds them.
  int7: { least: -64, most: 64 },
} as const satisfies Readonly<Record<string, IntegerRange>>;

/** Of a value between two float32 numbers. Zero is always exact. */
export function scaleOf(lowest: number, highest: number, { least, most }: IntegerRange): Scale {
  const low = Math.min(lowest, 0);
  const scale = (Math.max(highest, 0) - low) / (most - least);
  if (scale < smallestScale) return { scale: 1, zeroPoint: 0 };
  return { scale: Math.fround(scale), zeroPoint: roundHalfEven(least - low / scale) };
}

/** Of weights whose largest absolute value is this. */
export function symmetricScale(largest: number, { least, most }: IntegerRange): Scale {
  const scale = (2 * largest) / (most - least);
  return scale < smallestScale ? { scale: 1, zeroPoint: 0 } : { scale: Math.fround(scale), zeroPoint: 0 };
}
