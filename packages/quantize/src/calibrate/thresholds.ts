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
  const divergenceOf = divergences(counts, steps);
  let best = { divergence: Number.POSITIVE_INFINITY, lowest: 0, highest: 0 };
  let isFirst = true;
  for (let half = halfSteps; half <= zero; half++) {
    const start = zero - half;
    const end = Math.min(zero + half + 1, counts.length);
    const divergence = divergenceOf(start, end);
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

/** Of the counts from start to end, with all others at their ends, from themselves in a few steps. There are as many ranges as bins: what they share is computed once. */
function divergences(counts: Float64Array, steps: number): (start: number, end: number) => number {
  const { length } = counts;
  /** Of the counts before each bin. Whole numbers: the order of their sum does not matter. */
  const sums = new Float64Array(length + 1);
  for (let bin = 0; bin < length; bin++) sums[bin + 1] = at(sums, bin) + at(counts, bin);
  const between = (start: number, end: number) => at(sums, end) - at(sums, start);
  const [reference, quantized] = [new Float64Array(length), new Float64Array(length)];
  const [p, q] = [new Float32Array(length), new Float32Array(length)];
  return (start, end) => {
    const size = end - start;
    const exact = reference.subarray(0, size);
    exact.set(counts.subarray(start, end));
    exact[0] = at(exact, 0) + between(0, start);
    exact[size - 1] = at(exact, size - 1) + between(end, length);
    const rounded = quantized.subarray(0, size).fill(0);
    const merged = Math.floor(size / steps);
    for (let step = 0; step < steps; step++) {
      const [from, to] = [step * merged, (step + 1) * merged];
      let filled = 0;
      for (let bin = from; bin < to; bin++) if (at(exact, bin) !== 0) filled++;
      const count = between(start + from, step === steps - 1 ? end : start + to);
      // onnxruntime keeps it in an array of integers.
      if (filled > 0) rounded.fill(Math.trunc(count / filled), from, to);
    }
    const [distribution, approximation] = [p.subarray(0, size), q.subarray(0, size)];
    if (!smoothInto(distribution, exact) || !smoothInto(approximation, rounded)) return Number.POSITIVE_INFINITY;
    const [allP, allQ] = [pairwiseSum(p, 0, size), pairwiseSum(q, 0, size)];
    for (let bin = 0; bin < size; bin++) {
      const share = Math.fround(at(distribution, bin) / allP);
      const other = Math.fround(at(approximation, bin) / allQ);
      distribution[bin] = share * logarithm(Math.fround(share / other));
    }
    return pairwiseSum(p, 0, size);
  };
}

/** Checked by the loops that call it. */
const at = (values: Float64Array | Float32Array, index: number) => values[index] as number;

const smallest = 1e-4;

/** Without zeros: what they get is taken from the others. @returns whether there are others */
function smoothInto(result: Float32Array, counts: Float64Array): boolean {
  let zeros = 0;
  for (let bin = 0; bin < counts.length; bin++) if (at(counts, bin) === 0) zeros++;
  const others = counts.length - zeros;
  if (others === 0) return false;
  const taken = Math.fround((smallest * zeros) / others);
  for (let bin = 0; bin < counts.length; bin++) {
    const count = at(counts, bin);
    result[bin] = count === 0 ? smallest : Math.fround(count) - taken;
  }
  return true;
}

/**
 * In numpy's order and in float32: where the tails of a histogram are empty, many ranges are equally good but for the rounding, and the first of the
 * smallest is onnxruntime's.
 */
function pairwiseSum(values: Float32Array, start: number, end: number): number {
  const length = end - start;
  if (length > 128) {
    const half = Math.floor(length / 2);
    const middle = start + half - (half % 8);
    return Math.fround(pairwiseSum(values, start, middle) + pairwiseSum(values, middle, end));
  }
  let total = 0;
  if (length < 8) {
    for (let i = start; i < end; i++) total = Math.fround(total + at(values, i));
    return total;
  }
  const whole = end - (length % 8);
  const sums = values.slice(start, start + 8);
  for (let i = start + 8; i < whole; i++) sums[(i - start) % 8] = at(sums, (i - start) % 8) + at(values, i);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sums;
  const sum = (x: number, y: number) => Math.fround(x + y);
  total = sum(sum(sum(a, b), sum(c, d)), sum(sum(e, f), sum(g, h)));
  for (let i = whole; i < end; i++) total = sum(total, at(values, i));
  return total;
}
