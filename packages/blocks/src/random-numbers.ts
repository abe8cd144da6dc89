/**
 * Random numbers by the million: initial weights and dropout masks. tfjs's own take about 100 ns each, which is seconds for
 * one network; these take a few.
 */

/** A stream of 32-bit integers that depends on the seed alone: sfc32, PractRand's small fast counter generator. */
export function randomIntegers(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  // The seed is in one of three words: let it spread.
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** A seed of its own for `name` within a model with seed `seed`: FNV-1a over the name, mixed. */
export function deriveSeed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A seed nobody chose. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Fills `values` uniformly from [-bound, bound). */
export function fillUniform(values: Float32Array, bound: number, seed: number): void {
  const next = randomIntegers(seed);
  const scale = bound / 2 ** 31;
  for (let i = 0; i < values.length; i++) values[i] = next() * scale;
}

/** Fills `values` from a normal distribution of mean 0; where `truncated`, numbers beyond two deviations are drawn again. */
export function fillNormal(values: Float32Array, deviation: number, truncated: boolean, seed: number): void {
  const next = randomIntegers(seed);
  ziggurat ??= zigguratTables();
  const { limits, widths, heights } = ziggurat;
  const bound = truncated ? 2 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    let normal: number;
    do {
      const integer = next();
      const layer = integer & 127;
      normal =
        Math.abs(integer) < (limits[layer] as number)
          ? integer * (widths[layer] as number)
          : normalOutside(integer, layer, next, limits, widths, heights);
    } while (normal > bound || normal < -bound);
    values[i] = normal * deviation;
  }
}

// Marsaglia and Tsang, "The ziggurat method for generating random variables" (2000): 128 horizontal layers of equal area under
// exp(-x^2/2). A number within its layer's inner rectangle, 98.8 % of them, needs a comparison and a product.
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;

interface ZigguratTables {
  /** Below this an integer is within the inner rectangle. */
  readonly limits: Float64Array;
  /** Width of a layer, per integer. */
  readonly widths: Float64Array;
  /** exp(-x^2/2) at the layers' edges. */
  readonly heights: Float64Array;
}

let ziggurat: ZigguratTables | undefined;

function zigguratTables(): ZigguratTables {
  const limits = new Float64Array(128);
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

/** The 1.2 % outside of the inner rectangles: a layer's wedge, or the tail. */
function normalOutside(
  first: number,
  firstLayer: number,
  next: () => number,
  limits: Float64Array,
  widths: Float64Array,
  heights: Float64Array,
): number {
  const uniform = () => ((next() >>> 0) + 0.5) / 2 ** 32;
  let integer = first;
  let layer = firstLayer;
  for (;;) {
    const x = integer * (widths[layer] as number);
    if (layer === 0) {
      let tail: number;
      let height: number;
      do {
        tail = -Math.log(uniform()) / TAIL;
        height = -Math.log(uniform());
      } while (height + height < tail * tail);
      return integer > 0 ? TAIL + tail : -TAIL - tail;
    }
    const low = heights[layer] as number;
    const high = heights[layer - 1] as number;
    if (low + uniform() * (high - low) < Math.exp(-0.5 * x * x)) return x;
    integer = next();
    layer = integer & 127;
    if (Math.abs(integer) < (limits[layer] as number)) return integer * (widths[layer] as number);
  }
}
