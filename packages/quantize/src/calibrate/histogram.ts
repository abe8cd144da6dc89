/** Histograms of values that come batch by batch, bin for bin those of onnxruntime's calibration: what numpy.histogram counts, and how it grows. */

import { countInEvenBins, type EvenBins, widthOf } from './bins/even-bins.js';

export interface Histogram {
  readonly counts: Float64Array;
  /** Of the bins, one more than there are, in float32 as numpy computes them. */
  readonly edges: Float32Array;
  /** The first bin that is counted by itself: what comes later and is below is counted in the first bin of all. */
  readonly tail: number;
  /** As many values at least have to be in the bins from the tail on. */
  readonly rare: number;
  /** Smallest and largest value of all batches. */
  readonly lowest: number;
  readonly highest: number;
}

/** The smallest and largest value of one batch. */
export interface Extremes {
  readonly lowest: number;
  readonly highest: number;
}

/** The values of one batch, too. */
export interface Batch extends Extremes {
  readonly values: Float32Array;
  /** The largest absolute value of each row, of as many as the values are made of: those of one map. */
  readonly rows: Float32Array;
}

/** Between two float32 numbers. An empty range becomes one wide. */
function evenRange(from: number, to: number, bins: number): EvenBins {
  const [first, last] = from === to ? [Math.fround(from - 0.5), Math.fround(to + 0.5)] : [from, to];
  return { first, last, bins };
}

/** As numpy.linspace computes them. */
function edgesOf(range: EvenBins): Float32Array {
  const { first, last, bins } = range;
  const width = widthOf(range);
  const edges = Float32Array.from({ length: bins + 1 }, (_, i) => Math.fround(i * width) + first);
  edges[bins] = last;
  return edges;
}

/**
 * Of all values, around 0, as far as the largest absolute value. A larger one in a later batch adds bins of the same width on both sides.
 * @param checked is told what the smallest and largest are before they make bins
 */
export function withValues(
  known: Histogram | undefined,
  values: Float32Array,
  bins: number,
  checked: (extremes: Extremes) => void,
): Histogram {
  const range = known === undefined ? { first: 0, last: 0, bins: 1 } : rangeOf(known);
  const found = countInEvenBins(values, range);
  const [lowest, highest] = found.hasNaN ? [Number.NaN, Number.NaN] : [found.lowest, found.highest];
  checked({ lowest, highest });
  const all = merged(known, { lowest, highest });
  const threshold = Math.fround(Math.max(Math.abs(lowest), Math.abs(highest)));
  if (known !== undefined && threshold <= range.last)
    return { ...all, edges: known.edges, counts: sums(known.counts, found.counts), ...whole };
  const wider = known === undefined ? evenRange(-threshold, threshold, bins) : widened(range, threshold);
  const counts = countInEvenBins(values, wider).counts;
  const earlier = new Float64Array(wider.bins);
  earlier.set(known?.counts ?? [], (wider.bins - range.bins) / 2);
  return { ...all, edges: edgesOf(wider), counts: known === undefined ? counts : sums(earlier, counts), ...whole };
}

const rangeOf = ({ edges, counts }: Histogram): EvenBins => ({
  first: edges[0] ?? 0,
  last: edges.at(-1) ?? 0,
  bins: counts.length,
});

const sums = (a: Float64Array, b: Float64Array) => a.map((count, bin) => count + (b[bin] ?? 0));

/** By as many bins on both sides as there have to be. */
function widened({ last, bins }: EvenBins, threshold: number): EvenBins {
  const width = Math.fround((2 * last) / bins);
  const added = Math.floor(Math.fround(threshold - last) / width) + 1;
  const wider = Math.fround(Math.fround(added * width) + last);
  checkBins(bins + 2 * added, mostOfEntropy);
  return evenRange(-wider, wider, bins + 2 * added);
}

/** How many bins there may be, and how many times as large a later batch then is as the first one. */
interface MostBins {
  readonly bins: number;
  readonly times: number;
}
/** Entropy looks at each range of bins around 0: with more it takes minutes for one network, and soon hours. */
const mostOfEntropy: MostBins = { bins: 2 ** 13, times: 64 };
const mostOfPercentile: MostBins = { bins: 2 ** 20, times: 512 };

function checkBins(bins: number, most: MostBins): void {
  if (bins <= most.bins) return;
  throw new RangeError(
    `calibration: the values of a later batch are more than ${most.times} times as large as those of the first one: mix the images, or take method: 'minmax'`,
  );
}

/** Of a histogram that counts all values in their bins. */
export const whole = { tail: 0, rare: 0 } as const;

/** Of the first batch's values, as many are in the bins that go on being counted. */
const tailShare = 0.02;

/**
 * Of absolute values. A larger one in a later batch adds bins above. After the first batch only the largest values are counted, and fewer with each
 * batch: those of so many that a percentile of 99.999 % is among them for 2,000 batches, whatever these have. Most rows have none of them.
 */
export function withAbsoluteValues(known: Histogram | undefined, batch: Batch, bins: number): Histogram {
  const most = Math.fround(Math.max(Math.abs(batch.lowest), Math.abs(batch.highest)));
  const all = merged(known, batch);
  if (known === undefined) {
    const edges = edgesOf(evenRange(smallestOf(batch.values), most, bins));
    const counts = addCounts(batch.values, edges, new Float64Array(edges.length - 1));
    const rare = tailShare * batch.values.length;
    return { ...all, edges, counts, tail: tailOf(counts, rare), rare };
  }
  const { tail, rare } = known;
  const edges = most > (known.edges.at(-1) ?? 0) ? extended(known.edges, most) : known.edges;
  const counts = new Float64Array(edges.length - 1);
  counts.set(known.counts);
  addTail(batch, edges, tail, counts);
  return { ...all, edges, counts, tail: Math.max(tail, tailOf(counts, rare)), rare };
}

function smallestOf(values: Float32Array): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = Math.abs(values[i] as number);
    if (value < smallest) smallest = value;
  }
  return smallest;
}

/** The bin above whose lower edge so many values are. */
function tailOf(counts: Float64Array, most: number): number {
  let [bin, count] = [counts.length, 0];
  while (bin > 0 && count < most) count += counts[--bin] ?? 0;
  return bin;
}

/** @param counts to which those of the batch are added */
function addTail({ values, rows }: Batch, edges: Float32Array, tail: number, counts: Float64Array): void {
  const from = edges[tail] ?? 0;
  const size = values.length / rows.length;
  const looked = rows.reduce((count, largest) => (largest < from ? count : count + 1), 0);
  const large = new Float32Array(looked * size);
  let count = 0;
  for (const [row, largest] of rows.entries()) {
    if (largest < from) continue;
    for (let i = row * size; i < (row + 1) * size; i++) {
      const value = Math.abs(values[i] as number);
      if (value >= from) large[count++] = value;
    }
  }
  counts[0] = (counts[0] ?? 0) + values.length - count;
  addCounts(large.subarray(0, count), edges, counts);
}

function merged(known: Histogram | undefined, { lowest, highest }: Extremes): Extremes {
  return {
    lowest: Math.min(lowest, known?.lowest ?? lowest),
    highest: Math.max(highest, known?.highest ?? highest),
  };
}

/** As many more edges as numpy.arange makes up to `most`. */
function extended(edges: Float32Array, most: number): Float32Array {
  const width = Math.fround((edges[1] ?? 0) - (edges[0] ?? 0));
  const start = Math.fround((edges.at(-1) ?? 0) + width);
  const count = Math.ceil(Math.fround(Math.fround(Math.fround(most + width) - start) / width));
  checkBins(edges.length + count, mostOfPercentile);
  const delta = Math.fround(Math.fround(start + width) - start);
  const more = Float32Array.from({ length: Math.max(0, count) }, (_, i) => start + Math.fround(i * delta));
  const all = new Float32Array(edges.length + more.length);
  all.set(edges);
  all.set(more, edges.length);
  return all;
}

/** @param counts to which those of these values are added */
function addCounts(values: Float32Array, edges: Float32Array, counts: Float64Array): Float64Array {
  const bins = edges.length - 1;
  const [first, last] = [edges[0] ?? 0, edges[bins] ?? 0];
  const factor = bins / (last - first);
  for (let i = 0; i < values.length; i++) {
    const value = Math.abs(values[i] as number);
    // The edges that numpy.arange has added may end a little below the largest value.
    if (value > last || value < first) continue;
    let bin = ((value - first) * factor) | 0;
    if (bin >= bins) bin = bins - 1;
    // The edges decide: they are rounded, and all zeros lie on one of them.
    while (bin > 0 && value < (edges[bin] as number)) bin--;
    while (bin < bins - 1 && value >= (edges[bin + 1] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}
