import { util } from '@tensorflow/tfjs-core';

/**
 * A kernel whose rows or columns, whichever are fewer, are orthonormal.
 * @param shape [height, width, inputs, outputs] or [inputs, outputs]
 * @returns its values in that order
 */
export function orthonormalKernel(shape: readonly number[], seed: number): Float32Array {
  const outputs = shape.at(-1) ?? 1;
  const inputs = util.sizeFromShape([...shape]) / outputs;
  const [count, length] = [Math.min(inputs, outputs), Math.max(inputs, outputs)];
  const vectors = orthonormalVectors(count, length, seed);
  const values = new Float32Array(inputs * outputs);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++)
      values[i * outputs + o] = (outputs <= inputs ? vectors[o]?.[i] : vectors[i]?.[o]) ?? 0;
  return values;
}

/** Normal numbers, made orthonormal one after the other; each twice, because once leaves a rest of rounding. */
function orthonormalVectors(count: number, length: number, seed: number): Float64Array[] {
  const normal = normalNumbers(seed);
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, normal);
    for (let time = 0; time < 2; time++)
      for (const other of vectors) {
        const share = dot(vector, other);
        for (let i = 0; i < length; i++) vector[i] = (vector[i] as number) - share * (other[i] as number);
      }
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  return vectors;
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] as number) * (other[i] as number);
  return sum;
}

/** Box and Muller's, of a 32-bit mixer that counts. */
function normalNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
