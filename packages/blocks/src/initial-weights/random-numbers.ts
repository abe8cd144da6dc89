/**
 * Random numbers by the million: initial weights and dropout masks. tfjs's own take about 100 ns each, which is seconds for
 * one network; these take a few.
 */

/** Integers are made this many at a time. */
export const blockSize = 1024;

/** lowbias32, a mixer of 32 bits: every bit of `x` changes every bit of the result with probability one half. */
export function mix(x: number): number {
  const once = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return twice ^ (twice >>> 16);
}

/**
 * Fills `block` with integers `begin`, `begin + 1`, … of the stream that belongs to `seed`, each from -2^31 to 2^31 - 1. Mixed, joined
 * with the seed and mixed again: no state that one number must wait for, and streams of different seeds do not overlap.
 */
export function fillIntegers(block: Int32Array, seed: number, begin: number): void {
  for (let i = 0; i < block.length; i++) block[i] = mix(mix((begin + i) | 0) ^ seed);
}

/** A seed of its own for `name` within a model with seed `seed`: FNV-1a over the name, mixed. */
export function deriveSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ mix(seed);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return mix(hash) >>> 0;
}

/**
 * The seed of mask `number` of a layer with seed `seed`: arithmetic on whole numbers alone, which @cnnzoo/backend-onnx writes into exported
 * training steps.
 */
export function maskSeed(seed: number, number: number): number {
  return mix(mix(number) ^ seed);
}

/** A seed nobody chose. */
export function freshSeed(): number {
  return (Math.random() * 2 ** 32) >>> 0;
}

/** Fills `values` uniformly from [-bound, bound). */
export function fillUniform(values: Float32Array, bound: number, seed: number): void {
  const block = new Int32Array(blockSize);
  const scale = bound / 2 ** 31;
  for (let begin = 0; begin < values.length; begin += blockSize) {
    fillIntegers(block, seed, begin);
    const count = Math.min(blockSize, values.length - begin);
    for (let i = 0; i < count; i++) values[begin + i] = (block[i] as number) * scale;
  }
}

/** Fills `values` with 0 where an activation drops, which happens with probability `rate`, and `kept` elsewhere. */
export function fillDropoutMask(values: Float32Array, rate: number, kept: number, seed: number): void {
  const block = new Int32Array(blockSize);
  // Integers are from -2^31 to 2^31 - 1: the lowest `rate` of them drop.
  const threshold = rate * 2 ** 32 - 2 ** 31;
  for (let begin = 0; begin < values.length; begin += blockSize) {
    fillIntegers(block, seed, begin);
    const count = Math.min(blockSize, values.length - begin);
    for (let i = 0; i < count; i++) values[begin + i] = (block[i] as number) < threshold ? 0 : kept;
  }
}
