/** Numbers from a normal distribution. Apart from the others: a bundle without normal initial weights has no tables for them. */
import { blockSize, deriveSeed, fillIntegers, mix } from './random-numbers.js';

/** Fills `values` from a normal distribution of mean 0; where `truncated`, numbers beyond two deviations are drawn again. */
export function fillNormal(values: Float32Array, deviation: number, truncated: boolean, seed: number): void {
  ziggurat ??= zigguratTables();
  const { limits, widths } = ziggurat;
  const block = new Int32Array(blockSize);
  const rare = rareIntegers(seed);
  for (let begin = 0; begin < values.length; begin += blockSize) {
    fillIntegers(block, seed, begin);
    const count = Math.min(blockSize, values.length - begin);
    for (let i = 0; i < count; i++) {
      const integer = block[i] as number;
      const layer = integer & 127;
      let normal = integer * (widths[layer] as number);
      // The magnitude as an integer: Math.abs of -2^31 would be none.
      if ((integer ^ (integer >> 31)) >= (limits[layer] as number)) normal = normalOutside(integer, ziggurat, rare);
      while (truncated && Math.abs(normal) > 2) normal = normalFrom(rare(), ziggurat, rare);
      values[begin + i] = normal * deviation;
    }
  }
}

/** Integers for the few numbers that take more than one, from a stream of their own. */
function rareIntegers(seed: number): () => number {
  const own = deriveSeed(seed, 'rare');
  let drawn = 0;
  return () => mix(mix(drawn++ | 0) ^ own);
}

// Marsaglia and Tsang, "The ziggurat method for generating random variables" (2000): 128 horizontal layers of equal area under
// exp(-x^2/2). A number within its layer's inner rectangle, 98.8 % of them, needs a comparison and a product.
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;

interface ZigguratTables {
  /** Below this an integer is within the inner rectangle. */
  readonly limits: Int32Array;
  /** Width of a layer, per integer. */
  readonly widths: Float64Array;
  /** exp(-x^2/2) at the layers' edges. */
  readonly heights: Float64Array;
}

let ziggurat: ZigguratTables | undefined;

function zigguratTables(): ZigguratTables {
  const limits = new Int32Array(128);
  const widths = new Float64Array(128);
  const heights = new Float64Array(128);
  const integers = 2 ** 31;
  const density = (x: number) => Math.exp(-0.5 * x * x);
  let edge = TAIL;
  const bottom = AREA / density(edge);
  limits[0] = (edge / bottom) * integers;
  limits[1] = 0;
  widths[0] = bottom / integers;
  widths[127] = edge / integers;
  heights[0] = 1;
  heights[127] = density(edge);
  for (let layer = 126; layer >= 1; layer--) {
    const inner = Math.sqrt(-2 * Math.log(AREA / edge + density(edge)));
    limits[layer + 1] = (inner / edge) * integers;
    edge = inner;
    heights[layer] = density(edge);
    widths[layer] = edge / integers;
  }
  return { limits, widths, heights };
}

/** An integer of the stream as a number in (0, 1). */
function unit(integer: number): number {
  return ((integer >>> 0) + 0.5) / 2 ** 32;
}

/** A normal number that begins with `integer`. */
function normalFrom(integer: number, tables: ZigguratTables, next: () => number): number {
  const layer = integer & 127;
  if ((integer ^ (integer >> 31)) < (tables.limits[layer] as number)) return integer * (tables.widths[layer] as number);
  return normalOutside(integer, tables, next);
}

/** The 1.2 % outside of the inner rectangles: a layer's wedge, or the tail. */
function normalOutside(integer: number, tables: ZigguratTables, next: () => number): number {
  const layer = integer & 127;
  const x = integer * (tables.widths[layer] as number);
  if (layer === 0) {
    let tail: number;
    let height: number;
    do {
      tail = -Math.log(unit(next())) / TAIL;
      height = -Math.log(unit(next()));
    } while (height + height < tail * tail);
    return integer > 0 ? TAIL + tail : -TAIL - tail;
  }
  const low = tables.heights[layer] as number;
  const high = tables.heights[layer - 1] as number;
  if (low + unit(next()) * (high - low) < Math.exp(-0.5 * x * x)) return x;
  return normalFrom(next(), tables, next);
}
