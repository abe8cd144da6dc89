/**
 * Sums and means of very many numbers. onnxruntime adds float32 one after the other in a few lanes: of 2^24 numbers the last ones no longer
 * count. Added in parts, and then the parts, they keep their digits, and take as long.
 */
import type { Emission } from '../graph/emission.js';
import { onnxType } from '../graph/onnx-model.js';
import { widen } from './wide-numbers.js';

/** From so many numbers on. A batch norm's statistics are of fewer, and stay one node. */
export const longSum = 2 ** 20;

const fewest = 64;

/** The divisor of n nearest to its root, or null where one of the parts would have few numbers. */
function partsOf(n: number): number | null {
  for (let divisor = Math.floor(Math.sqrt(n)); divisor >= fewest; divisor--) if (n % divisor === 0) return divisor;
  return null;
}

/** @param shape of `input`, in its own order @returns the reduced value, with axes of size 1 */
export function emitLongSum(
  graph: Emission,
  type: 'ReduceSum' | 'ReduceMean',
  input: string,
  shape: readonly number[],
  axes: readonly number[],
): string {
  let [value, left] = [input, [...shape]];
  for (const axis of axes.toReversed()) {
    const extent = left[axis] ?? 1;
    const parts = extent < longSum ? null : partsOf(extent);
    const after = left.map((size, i) => (i === axis ? 1 : size));
    if (parts !== null) {
      const split = graph.reshape(value, [...left.slice(0, axis), parts, extent / parts, ...left.slice(axis + 1)]);
      value = graph.reshape(graph.reduce(type, graph.reduce(type, split, [axis + 1], 1), [axis], 1), after);
    } else if (extent < longSum || !graph.can('isNaN')) {
      value = graph.reduce(type, value, [axis], 1);
    } else {
      value = graph.op('Cast', [graph.reduce(type, widen(graph, value), [axis], 1)], { to: onnxType.float32 });
    }
    left = after;
  }
  return value;
}
