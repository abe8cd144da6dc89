/** Products of stacks of matrices that are transposed first: onnxruntime's FusedMatMul, or a Transpose and a MatMul. */
import type { Emission } from '../graph/emission.js';

/** A stack of matrices. */
export interface Matrices {
  readonly name: string;
  readonly rank: number;
  readonly transposed: boolean;
}

function upright(graph: Emission, { name, rank, transposed }: Matrices): string {
  if (!transposed) return name;
  const stack = Array.from({ length: rank - 2 }, (_, axis) => axis);
  return graph.op('Transpose', [name], { perm: [...stack, rank - 1, rank - 2] });
}

/**
 * a b, of which one or both may be transposed.
 * @returns the product's name
 */
export function transposedProduct(graph: Emission, a: Matrices, b: Matrices): string {
  const fuses = graph.can('fusedMatMul') && graph.options.portable !== true;
  if (!fuses || (!a.transposed && !b.transposed)) return graph.op('MatMul', [upright(graph, a), upright(graph, b)]);
  const attributes = { transA: Number(a.transposed), transB: Number(b.transposed) };
  return graph.op('FusedMatMul', [a.name, b.name], attributes, 'com.microsoft');
}

/**
 * a b^T of two stacks of rank 3, [count, m, k] and [count, n, k]. onnxruntime packs b: the larger factor is a.
 * @returns the name of [count, m, n]
 */
export function productWithTransposed(graph: Emission, a: string, b: string): string {
  return transposedProduct(graph, { name: a, rank: 3, transposed: false }, { name: b, rank: 3, transposed: true });
}

/** The same summed over the stack: [m, n]. */
export function summedProduct(graph: Emission, a: string, b: string): string {
  return graph.op('ReduceSum', [productWithTransposed(graph, a, b), graph.ints([0])], { keepdims: 0 });
}
