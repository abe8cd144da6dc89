/**
 * The natural logarithm of a positive float32 number, in the last bit that of numpy on x86: a quotient of two polynomials, where Math.log rounds exactly. Entropy has
 * ranges that are equally good but for this bit, and the first of the smallest is taken.
 */
export function logarithm(value: number): number {
  const whole = Math.floor(Math.log2(value));
  // In [1, 2), whatever the logarithm has rounded to.
  const shift = value / 2 ** whole >= 2 ? 1 : value / 2 ** whole < 1 ? -1 : 0;
  const mantissa = value / 2 ** (whole + shift);
  const isLarge = mantissa >= squareRootOf2;
  const x = (isLarge ? mantissa / 2 : mantissa) - 1;
  const exponent = whole + shift + (isLarge ? 1 : 0);
  const ratio = Math.fround(polynomial(numerator, x) / polynomial(denominator, x));
  return Math.fround(exponent * logarithmOf2 + ratio);
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
const polynomial = (coefficients: Float32Array, x: number): number =>
  coefficients.reduce((sum, coefficient) => Math.fround(sum * x + coefficient));
