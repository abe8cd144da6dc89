/** The element types of files, how many bits each takes and what JavaScript holds them in. */
import { fromFloat16 } from '@cnnzoo/files';

/** An element type, by its name in the safetensors format; C128 is PyTorch's and has none there. */
export type Dtype =
  | 'BOOL'
  | 'F4'
  | 'F6_E2M3'
  | 'F6_E3M2'
  | 'U8'
  | 'I8'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'F8_E8M0'
  | 'F8_E4M3FNUZ'
  | 'F8_E5M2FNUZ'
  | 'I16'
  | 'U16'
  | 'F16'
  | 'BF16'
  | 'I32'
  | 'U32'
  | 'F32'
  | 'C64'
  | 'F64'
  | 'C128'
  | 'I64'
  | 'U64';

/** What holds the values of a tensor. `C64` and `C128` are interleaved: real, imaginary, real, … */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface DtypeTraits {
  /** Bits an element takes in the file. */
  readonly bits: number;
  /** The dtype after reading: half and 8-bit floats are widened. */
  readonly widened: Dtype;
  /** Bytes an element takes after reading. Less than one for packed dtypes. */
  readonly widenedBytes: number;
  /** The values of `bytes`, whose length is a whole number of elements. Shares memory with `bytes` unless they are widened. */
  readonly decode: (bytes: Uint8Array) => TypedArray;
}

type TypedArrayConstructor<T> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
};

/** Little-endian bytes seen as `type`, without a copy where the alignment allows. Every platform of JavaScript is little-endian. */
function view<T>(type: TypedArrayConstructor<T>): (bytes: Uint8Array) => T {
  return (bytes) => {
    // Not bytes.slice(): a Buffer's gives another view of the same memory.
    const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
    return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / type.BYTES_PER_ELEMENT);
  };
}

/**
 * The value of a float of 1 sign bit, `exponentBits` and `mantissaBits`, in IEEE's manner: an all-ones exponent is infinity
 * or NaN, a zero exponent is subnormal.
 */
function ieeeFloat(code: number, exponentBits: number, mantissaBits: number, bias: number): number {
  const sign = code >> (exponentBits + mantissaBits) ? -1 : 1;
  const exponent = (code >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = code & (2 ** mantissaBits - 1);
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Infinity : Number.NaN;
  return floatValue(sign, exponent, mantissa, mantissaBits, bias);
}

function floatValue(sign: number, exponent: number, mantissa: number, mantissaBits: number, bias: number): number {
  const fraction = mantissa / 2 ** mantissaBits;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

/** The 8-bit floats of the Open Compute Project (E4M3, E5M2, E8M0) and of Graphcore/AMD (FNUZ: no infinity, no minus zero). */
const float8: Record<string, (code: number) => number> = {
  F8_E5M2: (code) => ieeeFloat(code, 5, 2, 15),
  F8_E4M3: (code) =>
    (code & 0x7f) === 0x7f ? Number.NaN : floatValue(code >> 7 ? -1 : 1, (code >> 3) & 15, code & 7, 3, 7),
  F8_E8M0: (code) => (code === 0xff ? Number.NaN : 2 ** (code - 127)),
  F8_E4M3FNUZ: (code) =>
    code === 0x80 ? Number.NaN : floatValue(code >> 7 ? -1 : 1, (code >> 3) & 15, code & 7, 3, 8),
  F8_E5M2FNUZ: (code) =>
    code === 0x80 ? Number.NaN : floatValue(code >> 7 ? -1 : 1, (code >> 2) & 31, code & 3, 2, 16),
};

/** Decodes 8-bit codes through a table of all 256 values, made at first use. */
function widen8(value: (code: number) => number): (bytes: Uint8Array) => Float32Array {
  let table: Float32Array | undefined;
  return (bytes) => {
    table ??= Float32Array.from({ length: 256 }, (_, code) => value(code));
    const lookup = table;
    return Float32Array.from(bytes, (code) => lookup[code] ?? 0);
  };
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bytes: Uint8Array): Float32Array {
  const codes = view(Uint16Array)(bytes);
  const bits = new Int32Array(codes.length);
  for (let i = 0; i < codes.length; i++) bits[i] = (codes[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

function eightBitFloat(name: keyof typeof float8): DtypeTraits {
  return { bits: 8, widened: 'F32', widenedBytes: 4, decode: widen8(float8[name] ?? Number) };
}

/**
 * All dtypes in the order of the reference library, in which a written file's tensors stand from the last to the first.
 * F4 and F6 are packed below a byte and have no JavaScript counterpart: their `data` is the packed bytes.
 */
export const dtypes: Readonly<Record<Dtype, DtypeTraits>> = {
  BOOL: { bits: 8, widened: 'BOOL', widenedBytes: 1, decode: view(Uint8Array) },
  F4: { bits: 4, widened: 'F4', widenedBytes: 0.5, decode: view(Uint8Array) },
  F6_E2M3: { bits: 6, widened: 'F6_E2M3', widenedBytes: 0.75, decode: view(Uint8Array) },
  F6_E3M2: { bits: 6, widened: 'F6_E3M2', widenedBytes: 0.75, decode: view(Uint8Array) },
  U8: { bits: 8, widened: 'U8', widenedBytes: 1, decode: view(Uint8Array) },
  I8: { bits: 8, widened: 'I8', widenedBytes: 1, decode: view(Int8Array) },
  F8_E5M2: eightBitFloat('F8_E5M2'),
  F8_E4M3: eightBitFloat('F8_E4M3'),
  F8_E8M0: eightBitFloat('F8_E8M0'),
  F8_E4M3FNUZ: eightBitFloat('F8_E4M3FNUZ'),
  F8_E5M2FNUZ: eightBitFloat('F8_E5M2FNUZ'),
  I16: { bits: 16, widened: 'I16', widenedBytes: 2, decode: view(Int16Array) },
  U16: { bits: 16, widened: 'U16', widenedBytes: 2, decode: view(Uint16Array) },
  F16: { bits: 16, widened: 'F32', widenedBytes: 4, decode: (bytes) => fromFloat16(view(Uint16Array)(bytes)) },
  BF16: { bits: 16, widened: 'F32', widenedBytes: 4, decode: widenBfloat16 },
  I32: { bits: 32, widened: 'I32', widenedBytes: 4, decode: view(Int32Array) },
  U32: { bits: 32, widened: 'U32', widenedBytes: 4, decode: view(Uint32Array) },
  F32: { bits: 32, widened: 'F32', widenedBytes: 4, decode: view(Float32Array) },
  C64: { bits: 64, widened: 'C64', widenedBytes: 8, decode: view(Float32Array) },
  F64: { bits: 64, widened: 'F64', widenedBytes: 8, decode: view(Float64Array) },
  C128: { bits: 128, widened: 'C128', widenedBytes: 16, decode: view(Float64Array) },
  I64: { bits: 64, widened: 'I64', widenedBytes: 8, decode: view(BigInt64Array) },
  U64: { bits: 64, widened: 'U64', widenedBytes: 8, decode: view(BigUint64Array) },
};

/** Whether the safetensors format has a dtype. */
export function isSafetensorsDtype(dtype: string): dtype is Exclude<Dtype, 'C128'> {
  return Object.hasOwn(dtypes, dtype) && dtype !== 'C128';
}

/** The number of elements of `shape`, or an error where it has no meaning or cannot be counted exactly. */
export function elementCount(shape: readonly number[], name: string): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new RangeError(`${name}: shape ${shapeText(shape)} has the size ${size}, expected integers of 0 or more`);
    count *= size;
  }
  // Checked at the end and only once: a product with a zero is 0 whatever the others, and rounding cannot bring it back below.
  if (!Number.isSafeInteger(count))
    throw new RangeError(`${name}: shape ${shapeText(shape)} has more than 2^53 elements`);
  return count;
}

/** A shape for a message, which a shape of a million axes must not fill. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 16)}${shape.length > 16 ? `,… ${shape.length} axes` : ''}]`;
}

/** `data` as float32: itself where it is that already, else converted. */
export function asFloat32(data: TypedArray): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** `data` as int32: itself where it is that already, else converted, fractions cut off. */
export function asInt32(data: TypedArray): Int32Array {
  return data instanceof Int32Array ? data : Int32Array.from(data as ArrayLike<number | bigint>, Number);
}
