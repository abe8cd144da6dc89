import type { TypedArray } from './dtype.js';

/** `data` as float32: itself where it is that already, else converted. */
export function asFloat32(data: TypedArray): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** `data` as int32: itself where it is that already, else converted, fractions cut off. */
export function asInt32(data: TypedArray): Int32Array {
  return data instanceof Int32Array ? data : Int32Array.from(data as ArrayLike<number | bigint>, Number);
}
