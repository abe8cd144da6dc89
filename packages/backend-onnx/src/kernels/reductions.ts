/** Reductions, softmax, arg-max, cumulative sums and top-k. */

import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import { axesOf, type Layout, physicalAxis, physicalShape } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Operation } from '../graph/operation.js';
import { sizeOf } from '../graph/shape.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { type Kernel, type KernelTable, required } from '../tfjs/kernel.js';
import { emitLongSum, longSum } from './long-sums.js';
import { exactIntegers } from './wide-numbers.js';

export type ReduceAttributes = { axes: readonly number[]; keepDims: boolean };

/**
 * Where a reduction may happen in the input's own layout: the axes that are left must stand in the same order there, or all be
 * kept as axes of size 1.
 */
function layoutOfReduction(graph: Emission, x: LazyNode, { axes, keepDims }: ReduceAttributes): Layout {
  const layout = graph.layoutOf(x);
  if (keepDims || layout === 'plain') return layout;
  const left = axesOf(layout).filter((axis) => !axes.includes(axis));
  return left.every((axis, i) => i === 0 || axis > (left[i - 1] ?? -1)) ? layout : 'plain';
}

/** The largest and smallest of values with a NaN among them is NaN for tfjs; onnxruntime passes over it. */
function checkNaN(
  graph: Emission,
  { dtype }: LazyNode,
  type: string,
  { input, result, axes, keepdims }: { input: string; result: string; axes: number[]; keepdims: number },
): string {
  if (dtype !== 'float32' || (type !== 'ReduceMax' && type !== 'ReduceMin') || !graph.can('isNaN')) return result;
  const notNumber = graph.op('Cast', [graph.op('IsNaN', [input])], { to: onnxType.int32 });
  const any = graph.op('Cast', [graph.reduce('ReduceMax', notNumber, axes, keepdims)], { to: onnxType.bool });
  return graph.op('Where', [any, graph.scalar('float32', Number.NaN), result]);
}

function reduction(name: string, type: string): Operation<ReduceAttributes> {
  return {
    name,
    emit(graph, node, attributes) {
      const [x] = node.inputs as [LazyNode];
      const layout = layoutOfReduction(graph, x, attributes);
      const axes = attributes.axes.map((axis) => physicalAxis(axis, layout)).sort((a, b) => a - b);
      const keepdims = attributes.keepDims ? 1 : 0;
      const input = graph.get(x, layout);
      const result = reduced(graph, type, input, x, layout, axes, keepdims, node);
      graph.set(
        node,
        attributes.keepDims ? layout : 'plain',
        checkNaN(graph, node, type, { input, result, axes, keepdims }),
      );
    },
  };
}

function reduced(
  graph: Emission,
  type: string,
  input: string,
  x: LazyNode,
  layout: Layout,
  axes: number[],
  keepdims: number,
  { dtype, shape }: LazyNode,
): string {
  if (dtype === 'int32' && type === 'ReduceSum') return wrappingSum(graph, input, axes, keepdims);
  if (dtype === 'int32' && type === 'ReduceProd' && exactIntegers(graph)) {
    const product = wrappingProduct(graph, input, physicalShape(x.shape, layout), axes);
    return graph.reshape(product, keepdims === 1 ? physicalShape(shape, layout) : shape);
  }
  const isLong = dtype === 'float32' && sizeOf(x.shape) >= longSum * sizeOf(shape);
  if (!isLong || (type !== 'ReduceSum' && type !== 'ReduceMean') || graph.options.portable === true)
    return graph.reduce(type, input, axes, keepdims);
  const sum = emitLongSum(graph, type, input, physicalShape(x.shape, layout), axes);
  return graph.reshape(sum, keepdims === 1 ? physicalShape(shape, layout) : shape);
}

/** Whole numbers wrap in tfjs; onnxruntime's sums of int32 end at the largest one. */
function wrappingSum(graph: Emission, input: string, axes: number[], keepdims: number): string {
  const reduction = graph.reduce('ReduceSum', graph.op('Cast', [input], { to: onnxType.int64 }), axes, keepdims);
  return graph.op('Cast', [reduction], { to: onnxType.int32 });
}

/**
 * A product of whole numbers modulo 2^32, as one vector: halves are multiplied until one number is left. onnxruntime's own product of
 * int64 ends at the largest one, while a multiplication wraps.
 */
function wrappingProduct(graph: Emission, input: string, shape: readonly number[], axes: readonly number[]): string {
  const others = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const sizeAlong = (along: readonly number[]) => along.reduce((size, axis) => size * (shape[axis] ?? 1), 1);
  let count = sizeAlong(axes);
  const rows = graph.reshape(graph.op('Transpose', [input], { perm: [...others, ...axes] }), [
    sizeAlong(others),
    count,
  ]);
  let product = graph.op('Cast', [rows], { to: onnxType.int64 });
  const columns = (from: number, to: number) =>
    graph.op('Slice', [product, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  while (count > 1) {
    const half = Math.floor(count / 2);
    const halves = graph.op('Mul', [columns(0, half), columns(half, 2 * half)]);
    product = count % 2 === 0 ? halves : graph.op('Concat', [halves, columns(2 * half, count)], { axis: 1 });
    count -= half;
  }
  return graph.op('Cast', [product], { to: onnxType.int32 });
}

/** Any and all: the largest and smallest of 0 and 1. */
function logicalReduction(name: string, type: string): Operation<ReduceAttributes> {
  return {
    name,
    emit(graph, node, { axes, keepDims }) {
      const [x] = node.inputs as [LazyNode];
      const numbers = graph.op('Cast', [graph.get(x)], { to: onnxType.int32 });
      const reduced = graph.reduce(type, numbers, axes, keepDims ? 1 : 0);
      graph.set(node, 'plain', graph.op('Cast', [reduced], { to: onnxType.bool }));
    },
  };
}

function reduce(operation: Operation<ReduceAttributes>, types: readonly DataType[]): Kernel {
  return (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    if (!types.includes(x.dtype) || x.shape.includes(0)) return null;
    // Max and Min call their axes reductionIndices.
    const axis = (attributes['axis'] ?? attributes['reductionIndices']) as number | number[] | undefined;
    const axes = tf.util.parseAxisParam(axis as number[], x.shape);
    if (axes.length === 0) return backend.shared(x);
    const keepDims = (attributes['keepDims'] as boolean | undefined) ?? false;
    const [shape] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    return backend.record(
      operation,
      [x],
      keepDims ? tf.backend_util.expandShapeToKeepDim(shape, axes) : shape,
      x.dtype,
      { axes, keepDims },
    );
  };
}

/** An index, or 0 where the first of the values along the axis is NaN. */
function firstWhereNaN(graph: Emission, values: string, index: string, axis: number): string {
  const first = graph.op('Gather', [values, graph.scalar('int64', 0)], { axis });
  return graph.op('Where', [graph.op('IsNaN', [first]), graph.scalar('int32', 0), index]);
}

function argument(name: string, type: string): Kernel {
  const operation: Operation<{ axis: number }> = {
    name,
    emit(graph, node, { axis }) {
      const [x] = node.inputs as [LazyNode];
      // tfjs passes over NaN, but for one at the start, which nothing is larger or smaller than.
      const worst = graph.scalar('float32', type === 'ArgMax' ? -Infinity : Infinity);
      const values = graph.get(x);
      const comparable =
        x.dtype === 'float32' && graph.can('isNaN')
          ? graph.op('Where', [graph.op('IsNaN', [values]), worst, values])
          : values;
      const index = graph.op('Cast', [graph.op(type, [comparable], { axis, keepdims: 0 })], { to: onnxType.int32 });
      graph.set(node, 'plain', comparable === values ? index : firstWhereNaN(graph, values, index, axis));
    },
  };
  return (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const [axis = 0] = tf.util.parseAxisParam(attributes['axis'] as number, x.shape);
    if (x.dtype === 'bool' || x.shape.length === 0 || x.shape.includes(0)) return null;
    return backend.record(
      operation,
      [x],
      x.shape.filter((_, i) => i !== axis),
      'int32',
      { axis },
    );
  };
}

const softmax: Operation<{ axis: number }> = {
  name: 'Softmax',
  emit(graph, node, { axis }) {
    const [x] = node.inputs as [LazyNode];
    graph.set(node, 'plain', graph.op('Softmax', [graph.get(x)], { axis }));
  },
};

const cumsum: Operation<{ axis: number; exclusive: number; reverse: number }> = {
  name: 'Cumsum',
  emit(graph, node, { axis, exclusive, reverse }) {
    const [x] = node.inputs as [LazyNode];
    graph.set(node, 'plain', graph.op('CumSum', [graph.get(x), graph.scalar('int64', axis)], { exclusive, reverse }));
  },
};

/** Values (part 0) or indices (part 1) of one TopK node. Always sorted, because only then onnxruntime keeps the order of equals. */
const topK: Operation<{ k: number; part: number }> = {
  name: 'TopK',
  emit(graph, node, { k, part }) {
    const [x] = node.inputs as [LazyNode];
    const [values, indices] = graph.ops('TopK', [graph.get(x), graph.ints([k])], 2, {
      axis: -1,
      largest: 1,
      sorted: 1,
    }) as [string, string];
    graph.set(node, 'plain', part === 0 ? values : graph.op('Cast', [indices], { to: onnxType.int32 }));
  },
};

const numbers: readonly DataType[] = ['float32', 'int32'];

function recordTopK(backend: OnnxBackend, x: TensorInfo, k: number): TensorInfo[] {
  const shape = [...x.shape.slice(0, -1), k];
  const part = (index: number, dtype: DataType) => backend.record(topK, [x], shape, dtype, { k, part: index });
  return [part(0, x.dtype), part(1, 'int32')];
}

export const reductionKernels: KernelTable = {
  Sum: reduce(reduction('Sum', 'ReduceSum'), numbers),
  Mean: reduce(reduction('Mean', 'ReduceMean'), ['float32']),
  Max: reduce(reduction('Max', 'ReduceMax'), numbers),
  Min: reduce(reduction('Min', 'ReduceMin'), numbers),
  Prod: reduce(reduction('Prod', 'ReduceProd'), numbers),
  All: reduce(logicalReduction('All', 'ReduceMin'), ['bool']),
  Any: reduce(logicalReduction('Any', 'ReduceMax'), ['bool']),
  ArgMax: argument('ArgMax', 'ArgMax'),
  ArgMin: argument('ArgMin', 'ArgMin'),
  Softmax: (backend, inputs, attributes) => {
    const logits = required(inputs, 'logits');
    if (logits.dtype !== 'float32' || logits.shape.length === 0) return null;
    return backend.record(softmax, [logits], logits.shape, 'float32', { axis: attributes['dim'] as number });
  },
  Cumsum: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const [axis = 0] = tf.util.parseAxisParam(attributes['axis'] as number, x.shape);
    const flag = (name: string) => (attributes[name] ? 1 : 0);
    if (!numbers.includes(x.dtype) || x.shape.length === 0) return null;
    return backend.record(cumsum, [x], x.shape, x.dtype, {
      axis,
      exclusive: flag('exclusive'),
      reverse: flag('reverse'),
    });
  },
  TopK: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const k = attributes['k'] as number;
    if (!numbers.includes(x.dtype) || x.shape.length === 0 || k === 0 || x.shape.includes(0)) return null;
    return recordTopK(backend, x, k);
  },
};
