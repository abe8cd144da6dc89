/** Counts values in bins of even width, by WebAssembly: of all that calibration does beside prediction, this takes the most time. */
import { wasm } from './module.js';

/** Bins between two float32 numbers. */
export interface EvenBins {
  readonly first: number;
  readonly last: number;
  readonly bins: number;
}

export interface BinCounts {
  /** Of each bin: of what is at least as large as its lower edge, and in the last one also of `last`. */
  readonly counts: Float64Array;
  readonly lowest: number;
  readonly highest: number;
  /** Whether one of the values is no number. */
  readonly hasNaN: boolean;
}

interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  countInBins(
    source: number,
    count: number,
    counts: number,
    bins: number,
    first: number,
    last: number,
    width: number,
    binsPerUnit: number,
    extremes: number,
  ): void;
}

let kernels: Kernels | null = null;

function loaded(): Kernels {
  if (kernels !== null) return kernels;
  const { WebAssembly } = globalThis as unknown as {
    readonly WebAssembly: {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    };
  };
  kernels = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(wasm, 'base64'))).exports as Kernels;
  return kernels;
}

/** Bytes of the kernel's memory: extremes, then values, then counts. */
const place = { extremes: 16, values: 64 };
/** As many values at once stay in a processor's cache. */
const valuesAtOnce = 16_384;
const countsPlace = place.values + 4 * valuesAtOnce;
const page = 65_536;

/** The width of the bins, as numpy.linspace computes it. */
export const widthOf = ({ first, last, bins }: EvenBins): number => Math.fround(Math.fround(last - first) / bins);

export function countInEvenBins(values: Float32Array, range: EvenBins): BinCounts {
  const { memory, countInBins } = loaded();
  const { first, last, bins } = range;
  const missing = Math.ceil((countsPlace + 16 * (bins + 1) - memory.buffer.byteLength) / page);
  if (missing > 0) memory.grow(missing);
  const chunk = new Float32Array(memory.buffer, place.values, valuesAtOnce);
  const extremes = new Float32Array(memory.buffer, place.extremes, 8).fill(Number.POSITIVE_INFINITY, 0, 4);
  extremes.fill(Number.NEGATIVE_INFINITY, 4);
  const masks = new Uint32Array(memory.buffer, place.extremes + 32, 4).fill(0);
  const found = new Uint32Array(memory.buffer, countsPlace, 4 * (bins + 1)).fill(0);
  const [width, binsPerUnit] = [widthOf(range), bins / (last - first)];
  for (let from = 0; from < values.length; from += valuesAtOnce) {
    const part = values.subarray(from, from + valuesAtOnce);
    chunk.set(part);
    chunk.fill(part[0] ?? 0, part.length, part.length + missingOf(part));
    const count = part.length + missingOf(part);
    countInBins(place.values, count, countsPlace, bins, first, last, width, binsPerUnit, place.extremes);
  }
  const counts = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin++)
    for (let lane = 0; lane < 4; lane++) counts[bin] = (counts[bin] ?? 0) + (found[lane * (bins + 1) + bin] ?? 0);
  takeAway(missingOf(values), values[values.length - (values.length % valuesAtOnce)] ?? 0, range, counts);
  return {
    counts,
    lowest: extremes.subarray(0, 4).reduce((least, each) => Math.min(least, each)),
    highest: extremes.subarray(4).reduce((most, each) => Math.max(most, each)),
    hasNaN: masks.some((mask) => mask !== 0),
  };
}

/** The kernel takes four at once. The first value of the last part is repeated until that has a multiple of four. */
const missingOf = ({ length }: Float32Array) => (4 - (length % 4)) % 4;

function takeAway(times: number, value: number, range: EvenBins, counts: Float64Array): void {
  const { first, last, bins } = range;
  if (!(value >= first && value <= last)) return;
  const nearest = Math.round((value - first) * (bins / (last - first)));
  const isBelow = value < Math.fround(Math.fround(nearest * widthOf(range)) + first);
  const bin = Math.min(isBelow ? nearest - 1 : nearest, bins - 1);
  counts[bin] = (counts[bin] ?? 0) - times;
}
