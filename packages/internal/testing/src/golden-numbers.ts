/**
 * The reproducible "random" numbers of the golden figures: any language can make them, so no weights need to be stored.
 * Element i is hash32((crc32(name) + i) mod 2^32) / 2^31 - 1 in float64, rounded to float32.
 */
import { crc32 } from 'node:zlib';

interface Range {
  readonly offset: number;
  readonly scale: number;
  /** Whether only the numbers' sizes count. */
  readonly absolute: boolean;
}

/**
 * Writes `count` of the numbers from `at` on: those of the indices `first`, `first + step` and so on, hashed by lowbias32. In one loop, because
 * the golden weights of the large networks are a hundred million each.
 */
function fill(
  values: Float32Array,
  at: number,
  count: number,
  { seed, first, step }: { readonly seed: number; readonly first: number; readonly step: number },
  { offset, scale, absolute }: Range,
): void {
  let index = (seed + first) | 0;
  for (const end = at + count; at < end; at++) {
    let x = Math.imul(index ^ (index >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    // As unsigned / 2^31 - 1: with the highest bit inverted a signed integer has the same value.
    const u = Math.fround((x ^ 0x80000000) / 2 ** 31);
    values[at] = offset + scale * (absolute ? Math.abs(u) : u);
    index = (index + step) | 0;
  }
}

function checksum(name: string): number {
  return crc32(Buffer.from(name, 'utf8'));
}

/** `count` floats in [-1, 1) that depend on `name` only. */
export function uniform(name: string, count: number): Float32Array {
  const values = new Float32Array(count);
  fill(values, 0, count, { seed: checksum(name), first: 0, step: 1 }, { offset: 0, scale: 1, absolute: false });
  return values;
}

function rangeOf(key: string, shape: readonly number[]): Range {
  if (shape.length < 2) {
    if (key.endsWith('running_var')) return { offset: 1, scale: 0.5, absolute: true };
    return { offset: key.endsWith('weight') ? 1 : 0, scale: 0.1, absolute: false };
  }
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return { offset: 0, scale: Math.fround(Math.sqrt(6 / fanIn)), absolute: false };
}

/**
 * The golden values of one state-dict entry, in PyTorch's layout (convolution OIHW, linear [out, in]), C order.
 * @param key PyTorch's key, such as 'layer1.0.bn1.running_var'
 * @param shape PyTorch's shape
 */
export function goldenWeight(key: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  fill(values, 0, values.length, { seed: checksum(key), first: 0, step: 1 }, rangeOf(key, shape));
  return values;
}

/**
 * The values of `goldenWeight` in tfjs's layout [spatial, inputs, outputs].
 * @param shape PyTorch's shape
 * @param spatial how many elements there are for an input and an output
 */
export function goldenKernel(key: string, shape: readonly number[], spatial: number): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const [seed, range, [outputs = 1]] = [checksum(key), rangeOf(key, shape), shape];
  const step = values.length / outputs;
  for (let position = 0, at = 0; position < spatial; position++)
    for (let first = position; first < step; first += spatial, at += outputs)
      fill(values, at, outputs, { seed, first, step }, range);
  return values;
}

/** The golden input in PyTorch's layout [n, c, h, w], as NHWC values for a tensor of shape [n, h, w, c]. */
export function goldenInput(n: number, c: number, h: number, w: number): Float32Array {
  const nchw = uniform('input', n * c * h * w);
  const nhwc = new Float32Array(nchw.length);
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let pixel = 0; pixel < h * w; pixel++)
        nhwc[(image * h * w + pixel) * c + channel] = nchw[(image * c + channel) * h * w + pixel] ?? 0;
  return nhwc;
}
