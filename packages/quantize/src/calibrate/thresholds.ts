/** The range of a value that its histogram recommends: onnxruntime's `compute_percentile` and `get_entropy_threshold`. */
import type { Histogram } from './histogram.js';
import { logarithm } from './logarithm.js';

export interface Range {
  readonly lowest: number;
  readonly highest: number;
}

/** As many percent of the absolute values are at most as large as the range's bounds. */
export function percentileRange(histogram: Histogram, percentile: number): Range {
  const { counts, edges } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let [sum, bin] = [0, 0];
  for (; bin < counts.length; bin++) {
    sum += (counts[bin] ?? 0) / total;
    if (sum >= percentile / 100) break;
  }
  const bound = edges[bin] ?? 0;
  return inside(histogram, -bound, bound);
}

/** The range whose values in so many steps say the most of the distribution: the least Kullback-Leibler divergence. */
export function entropyRange(histogram: Histogram, steps: number): Range {
  const { counts, edges } = histogram;
  const [zero, halfSteps] = [Math.floor(counts.length / 2), Math.floor(steps / 2)];
  let best = { divergence: Number.POSITIVE_INFINITY, lowest: 0, highest: 0 };
  let isFirst = true;
  for (let half = halfSteps; half <= zero; half++) {
    const start = zero - half;
    const end = Math.min(zero + half + 1, counts.length);
    const divergence = divergenceOf(counts, start, end, steps);
    if (isFirst || divergence < best.divergence)
      best = { divergence, lowest: edges[start] ?? 0, highest: edges[end] ?? 0 };
    isFirst = false;
  }
  return inside(histogram, best.lowest, best.highest);
}

const inside = (range: Range, lowest: number, highest: number): Range => ({
  lowest: Math.max(lowest, range.lowest),
  highest: Math.min(highest, range.highest),
});

/** Of the counts from start to end, with all others at their ends, from themselves in a few steps. */
function divergenceOf(counts: Float64Array, start: number, end: number, steps: number): number {
  const inner = counts.slice(start, end);
  const sum = (from: number, to: number, of: Float64Array) =>
    of.subarray(from, to).reduce((all, each) => all + each, 0);
  const reference = inner.slice();
  reference[0] = (reference[0] ?? 0) + sum(0, start, counts);
  reference[inner.length - 1] = (reference.at(-1) ?? 0) + sum(end, counts.length, counts);
  const merged = Math.floor(inner.length / steps);
  const quantized = new Float64Array(inner.length);
  for (let step = 0; step < steps; step++) {
    const [from, to] = [step * merged, (step + 1) * merged];
    const count = sum(from, step === steps - 1 ? inner.length : to, inner);
    let filled = 0;
    for (let bin = from; bin < to; bin++) filled += reference[bin] === 0 ? 0 : 1;
    // onnxruntime keeps it in an array of integers.
    if (filled > 0) quantized.fill(Math.trunc(count / filled), from, to);
  }
  const [p, q] = [smoothed(reference), smoothed(quantized)];
  if (p === null || q === null) return Number.POSITIVE_INFINITY;
  const [allP, allQ] = [pairwiseSum(p), pairwiseSum(q)];
  const parts = p.map((each, bin) => {
    const [a, b] = [Math.fround(each / allP), Math.fround((q[bin] ?? 0) / allQ)];
    return a * logarithm(Math.fround(a / b));
  });
  return pairwiseSum(parts);
}

const smallest = 1e-4;

/** Without zeros: what they get is taken from the others. Null where all are zero. */
function smoothed(counts: Float64Array): Float32Array | null {
  const zeros = counts.reduce((count, each) => count + (each === 0 ? 1 : 0), 0);
  const others = counts.length - zeros;
  if (others === 0) return null;
  const taken = Math.fround((smallest * zeros) / others);
  return Float32Array.from(counts, (each) => (each === 0 ? smallest : Math.fround(each) - taken));
}

/**
 * In numpy's order and in float32: where the tails of a histogram are empty, many ranges are equally good but for the rounding, and the first of the
 * smallest is onnxruntime's.
 */
function pairwiseSum(values: Float32Array): number {
  const { length } = values;
  if (length > 128) {
    const half = Math.floor(length / 2);
    const first = half - (half % 8);
    return Math.fround(pairwiseSum(values.subarray(0, first)) + pairwiseSum(values.subarray(first)));
  }
  if (length < 8) return values.reduce((sum, value) => Math.fround(sum + value), 0);
  const whole = length - (length % 8);
  const sums = values.slice(0, 8);
  for (let i = 8; i < whole; i++) sums[i % 8] = (sums[i % 8] ?? 0) + (values[i] ?? 0);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sums;
  const sum = (x: number, y: number) => Math.fround(x + y);
  const all = sum(sum(sum(a, b), sum(c, d)), sum(sum(e, f), sum(g, h)));
  return values.subarray(whole).reduce((total, value) => sum(total, value), all);
}
