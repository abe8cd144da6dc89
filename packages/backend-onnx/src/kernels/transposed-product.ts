/** Products of stacks of matrices that are transposed first: onnxruntime's FusedMatMul, or a Transpose and a MatMul. */
import type { GraphBuilder } from '../graph/graph-builder.js';

/** @param name of a stack of matrices, [count, rows, columns] */
function transposed(graph: GraphBuilder, name: string): string {
  return graph.op('Transpose', [name], { perm: [0, 2, 1] });
}

/**
 * a b of two values of rank 3, of which one or both are transposed.
 * @returns the product's name
 */
export function transposedProduct(
  graph: GraphBuilder,
  [a, b]: readonly [string, string],
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
): string {
  if (graph.can('fusedMatMul') && graph.options.portable !== true)
    return graph.op('FusedMatMul', [a, b], { transA: Number(transposeA), transB: Number(transposeB) }, 'com.microsoft');
  return graph.op('MatMul', [transposeA ? transposed(graph, a) : a, transposeB ? transposed(graph, b) : b]);
}
