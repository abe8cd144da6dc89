/** IEEE's half floats, 5 bits of exponent and 10 of mantissa, as files hold weights. */

/** Bits of the float32 of each of the 65,536 half floats, made at first use. Bits, so that NaN payloads survive. */
let float32Bits: Int32Array | undefined;

function float32Table(): Int32Array {
  const table = new Int32Array(65536);
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  for (let code = 0; code < 65536; code++) {
    const [sign, exponent, mantissa] = [(code & 0x8000) << 16, (code >> 10) & 31, code & 0x3ff];
    if (exponent === 31) table[code] = sign | 0x7f800000 | (mantissa << 13);
    else {
      value[0] = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
      table[code] = sign | (bits[0] ?? 0);
    }
  }
  return table;
}

/** Half floats as the float32 that have the same value. */
export function fromFloat16(codes: Uint16Array): Float32Array {
  float32Bits ??= float32Table();
  const table = float32Bits;
  const bits = new Int32Array(codes.length);
  for (let i = 0; i < codes.length; i++) bits[i] = table[codes[i] ?? 0] ?? 0;
  return new Float32Array(bits.buffer);
}

/** The nearest half floats; of two that are as near the even one. From 65,520 they are infinite. */
export function toFloat16(values: Float32Array): Uint16Array {
  const codes = new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const all = bits[i] ?? 0;
    const [sign, rest] = [(all >>> 16) & 0x8000, all & 0x7fffffff];
    codes[i] = sign | halfOf(rest, values[i] ?? 0);
  }
  return codes;
}

/** @param rest the bits of a float32 without its sign */
function halfOf(rest: number, value: number): number {
  // NaN keeps what of its payload there is room for.
  if (rest > 0x7f800000) return 0x7e00 | ((rest >>> 13) & 0x1ff);
  // Above half of the way from the largest, 65,504, to the next power.
  if (rest >= 0x477ff000) return 0x7c00;
  // Below 2^-14 all have the same step, 2^-24.
  if (rest < 0x38800000) {
    const steps = Math.abs(value) * 2 ** 24;
    const floor = Math.floor(steps);
    const over = steps - floor;
    return floor + (over > 0.5 || (over === 0.5 && floor % 2 === 1) ? 1 : 0);
  }
  const rebased = rest - (112 << 23);
  // Half of the last place kept, less one where that is even: a carry goes on into the exponent, as it must.
  return (rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13;
}

/**
 * Weights as half floats; null where these have no room for them: for infinite ones, ones that would become infinite, and ones that are all below
 * 2^-14, whose steps are coarser than the 11 bits that larger ones have.
 */
export function weightsAsFloat16(values: Float32Array): Uint16Array | null {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    // Of NaN, too.
    if (!(size < 65520)) return null;
    if (size > largest) largest = size;
  }
  return largest === 0 || largest >= 2 ** -14 ? toFloat16(values) : null;
}
