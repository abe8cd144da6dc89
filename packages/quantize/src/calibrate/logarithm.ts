/**
 * The natural logarithm of a positive float32 number, in the last bit that of numpy on x86: a quotient of two polynomials, where Math.log rounds exactly. Entropy has
 * ranges that are equally good but for this bit, and the first of the smallest is taken.
 */
export function logarithm(value: number): number {
  const power = exponentOf(value);
  const mantissa = value / 2 ** power;
  const isLarge = mantissa >= squareRootOf2;
  const x = (isLarge ? mantissa / 2 : mantissa) - 1;
  const exponent = isLarge ? power + 1 : power;
  const ratio = Math.fround(polynomial(numerator, x) / polynomial(denominator, x));
  return Math.fround(exponent * logarithmOf2 + ratio);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The largest power of two that is not larger. */
function exponentOf(value: number): number {
  float[0] = value;
  const stored = (bits[0] as number) >>> 23;
  // Numbers below 2^-126 have their power elsewhere.
  return stored === 0 ? exponentOf(value * 2 ** 24) - 24 : stored - 127;
}

const squareRootOf2 = Math.fround(Math.SQRT2);
const logarithmOf2 = Math.fround(Math.LN2);

/** Cody's and Waite's approximation, with numpy's constants: from the highest power to the constant. */
const numerator = Float32Array.of(
  0.025899791179079226,
  0.3808837741388408,
  1.4800006335765066,
  2.112677543073053,
  0.9999999999999999,
  0,
);
const denominator = Float32Array.of(
  0.005875095403124574,
  0.15464763749839067,
  0.9864942958519419,
  2.453006071784736,
  2.6126775430731093,
  1,
);

/** Each product and its sum are rounded once, as fused operations of float32 do: in float64 a product of two of them is exact. */
function polynomial(coefficients: Float32Array, x: number): number {
  let sum = coefficients[0] as number;
  for (let i = 1; i < coefficients.length; i++) sum = Math.fround(sum * x + (coefficients[i] as number));
  return sum;
}
