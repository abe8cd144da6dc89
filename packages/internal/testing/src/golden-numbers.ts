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

/** `count` floats in [-1, 1) that depend on `name` only. */
export function uniform(name: string, count: number): Float32Array {
  const seed = crc32(Buffer.from(name, 'utf8'));
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = hash32(seed + i) / 2 ** 31 - 1;
  return values;
}

/**
 * The golden value of one state-dict entry in PyTorch's layout (convolution OIHW, linear [out, in]), C order.
 * @param key PyTorch's key, such as 'layer1.0.bn1.running_var'
 * @param shape PyTorch's shape
 */
export function goldenWeight(key: string, shape: readonly number[]): Float32Array {
  const values = uniform(
    key,
    shape.reduce((product, size) => product * size, 1),
  );
  if (shape.length >= 2) {
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
    const factor = Math.fround(Math.sqrt(6 / fanIn));
    return values.map((u) => u * factor);
  }
  if (key.endsWith('running_var')) return values.map((u) => 1 + 0.5 * Math.abs(u));
  if (key.endsWith('running_mean')) return values.map((u) => 0.1 * u);
  if (key.endsWith('weight')) return values.map((u) => 1 + 0.1 * u);
  return values.map((u) => 0.1 * u);
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
