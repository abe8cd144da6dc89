/**
 * The reproducible "random" numbers of the golden figures: any language can make them, so no weights need to be stored.
 * Element i is hash32((crc32(name) + i) mod 2^32) / 2^31 - 1 in float64, rounded to float32.
 */
import { crc32 } from 'node:zlib';

/** lowbias32, a 32-bit integer mixer. */
function hash32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Element `index` of the numbers whose name has the checksum `seed`. */
function uniformAt(seed: number, index: number): number {
  return Math.fround(hash32(seed + index) / 2 ** 31 - 1);
}

function checksum(name: string): number {
  return crc32(Buffer.from(name, 'utf8'));
}

/** `count` floats in [-1, 1) that depend on `name` only. */
export function uniform(name: string, count: number): Float32Array {
  const seed = checksum(name);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = uniformAt(seed, i);
  return values;
}

/**
 * The golden value of each element of one state-dict entry, by its index in PyTorch's layout (convolution OIHW, linear [out, in]), C
 * order. Whoever wants them in another layout asks in that order and holds no second copy of a hundred million weights.
 * @param key PyTorch's key, such as 'layer1.0.bn1.running_var'
 * @param shape PyTorch's shape
 */
export function goldenElements(key: string, shape: readonly number[]): (index: number) => number {
  const seed = checksum(key);
  const isVariance = shape.length < 2 && key.endsWith('running_var');
  const { offset, scale } = isVariance ? { offset: 1, scale: 0.5 } : rangeOf(key, shape);
  return (index) => {
    const u = uniformAt(seed, index);
    return offset + scale * (isVariance ? Math.abs(u) : u);
  };
}

function rangeOf(key: string, shape: readonly number[]): { offset: number; scale: number } {
  if (shape.length < 2) return { offset: key.endsWith('weight') ? 1 : 0, scale: 0.1 };
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return { offset: 0, scale: Math.fround(Math.sqrt(6 / fanIn)) };
}

/** All of `goldenElements`, in PyTorch's layout. */
export function goldenWeight(key: string, shape: readonly number[]): Float32Array {
  const elementAt = goldenElements(key, shape);
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  for (let i = 0; i < values.length; i++) values[i] = elementAt(i);
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
