/** Matrix products, alone and with bias and activation. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { type Kernel, type KernelTable, required } from '../tfjs/kernel.js';
import { type Activation, activate, activationOf } from './activation.js';
import { transposedProduct } from './transposed-product.js';

type ProductAttributes = {
  transposeA: number;
  transposeB: number;
  bias: boolean;
  activation: Activation;
  alpha: number;
};

/**
 * a b + bias. Two matrices are one Gemm, stacks of matrices a product of their own.
 */
function emitProduct(
  graph: Emission,
  [a, b, bias]: readonly LazyNode[],
  transposeA: number,
  transposeB: number,
): string {
  if (a === undefined || b === undefined) throw new Error('a matrix product of one matrix');
  const [left, right] = [graph.get(a), graph.get(b)];
  if (a.shape.length === 2 && b.shape.length === 2) {
    const inputs = bias ? [left, right, graph.get(bias)] : [left, right];
    return graph.op('Gemm', inputs, { transA: transposeA, transB: transposeB });
  }
  const product = transposedProduct(
    graph,
    { name: left, rank: a.shape.length, transposed: transposeA === 1 },
    { name: right, rank: b.shape.length, transposed: transposeB === 1 },
  );
  return bias ? graph.op('Add', [product, graph.get(bias)]) : product;
}

const matrixProduct: Operation<ProductAttributes> = {
  name: 'MatMul',
  emit(graph, node, { transposeA, transposeB, bias, activation, alpha }) {
    const weights = node.inputs[bias ? 3 : 2];
    const product = emitProduct(graph, node.inputs.slice(0, bias ? 3 : 2), transposeA, transposeB);
    graph.set(
      node,
      'plain',
      activate(graph, activation, product, { alpha, weights: weights ? graph.get(weights) : null }),
    );
  },
};

const product: Kernel = (backend, inputs, attributes) => {
  const [a, b] = [required(inputs, 'a'), required(inputs, 'b')];
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return null;
  const [outerA, innerA] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)];
  const [innerB, outerB] = transposeB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)];
  if (outerA === undefined || outerB === undefined || a.shape.includes(0) || b.shape.includes(0)) return null;
  tf.util.assert(
    innerA === innerB,
    () =>
      `Error in matMul: inner shapes (${innerA}) and (${innerB}) of Tensors with shapes ${a.shape} and ${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const { bias, preluActivationWeights: weights } = inputs as Record<string, TensorInfo | undefined>;
  const operands = [a, b, ...(bias ? [bias] : []), ...(weights ? [weights] : [])];
  return backend.record(matrixProduct, operands, [...batch, outerA, outerB], 'float32', {
    transposeA: transposeA ? 1 : 0,
    transposeB: transposeB ? 1 : 0,
    bias: bias != null,
    activation: activationOf(attributes),
    alpha: (attributes['leakyreluAlpha'] as number | undefined) ?? 0,
  });
};

export const matrixProductKernels: KernelTable = { BatchMatMul: product, _FusedMatMul: product };
