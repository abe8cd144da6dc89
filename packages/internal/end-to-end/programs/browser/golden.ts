/** The reproducible numbers of the golden figures, without Node: browsers have no node:zlib for CRC-32. */

function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
}

/** zlib's CRC-32. */
export function crc32(bytes: ArrayLike<number>): number {
  const table = crcTable();
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return ~crc >>> 0;
}

// Repeated in @cnnzoo/testing: this file becomes part of an app, which has nothing but what the registry has.
function hash32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** `count` floats in [-1, 1) that depend on `name` only. */
export function uniform(name: string, count: number): Float32Array {
  const seed = crc32(new TextEncoder().encode(name));
  return Float32Array.from({ length: count }, (_, i) => hash32(seed + i) / 2 ** 31 - 1);
}

/** The golden value of a state-dict entry in PyTorch's layout. Repeated in @cnnzoo/testing, for the same reason. */
export function goldenWeight(key: string, shape: readonly number[]): Float32Array {
  const values = uniform(
    key,
    shape.reduce((product, size) => product * size, 1),
  );
  if (shape.length >= 2) {
    const factor = Math.fround(Math.sqrt(6 / shape.slice(1).reduce((product, size) => product * size, 1)));
    return values.map((u) => u * factor);
  }
  if (key.endsWith('running_var')) return values.map((u) => 1 + 0.5 * Math.abs(u));
  if (key.endsWith('running_mean')) return values.map((u) => 0.1 * u);
  return values.map((u) => (key.endsWith('weight') ? 1 + 0.1 * u : 0.1 * u));
}
