/** Kernels whose indices are tensors: gather, segment sums (the gradient of a gather), one-hot. */
import * as tf from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { firstInput } from './arrays.js';

const none: Record<string, never> = {};

/**
 * Indices of which ONNX would read negative ones from the end: they become the size, which is outside, too, and refused.
 * @param size for each index, or for each column of them
 */
function refusingNegative(graph: Emission, indices: string, size: string): string {
  return graph.op('Where', [graph.op('Less', [indices, graph.scalar('int32', 0)]), size, indices]);
}

/** `known`: 1 where the indices were there when this was recorded, and were looked at. */
const gather: Operation<{ axis: number; known: number }> = {
  name: 'GatherV2',
  emit(graph, node, { axis, known }) {
    const [x, indices] = node.inputs as [LazyNode, LazyNode];
    const [values, given] = [graph.get(x), graph.get(indices)];
    const size = x.shape[axis] ?? 0;
    if (known === 1 || graph.can('checkedIndices')) {
      const at = known === 1 ? given : refusingNegative(graph, given, graph.scalar('int32', size));
      graph.set(node, 'plain', graph.op('Gather', [values, at], { axis }));
      return;
    }
    // Nobody refuses an index here: what is outside is 0, as on tfjs's own backends for GPUs.
    const zero = graph.scalar('int32', 0);
    const inside = graph.op('And', [
      graph.op('GreaterOrEqual', [given, zero]),
      graph.op('Less', [given, graph.scalar('int32', size)]),
    ]);
    const found = graph.op('Gather', [values, graph.op('Where', [inside, given, zero])], { axis });
    const after = x.shape.slice(axis + 1).map(() => 1);
    const type = node.dtype === 'float32' ? 'float32' : 'int32';
    const asked = graph.reshape(inside, [...indices.shape, ...after]);
    graph.set(
      node,
      'plain',
      node.dtype === 'bool'
        ? graph.op('And', [asked, found])
        : graph.op('Where', [asked, found, graph.scalar(type, 0)]),
    );
  },
};

const gatherNd: Operation<Record<string, never>> = {
  name: 'GatherNd',
  emit(graph, node) {
    const [x, indices] = node.inputs as [LazyNode, LazyNode];
    const sizes = graph.tensor('int32', x.shape.slice(0, indices.shape.at(-1)));
    const at = refusingNegative(graph, graph.get(indices), sizes);
    graph.set(node, 'plain', graph.op('GatherND', [graph.get(x), graph.op('Cast', [at], { to: onnxType.int64 })]));
  },
};

/** Rows of x summed by segment; identifiers outside the range go to a row that is cut off. */
const unsortedSegmentSum: Operation<{ numSegments: number }> = {
  name: 'UnsortedSegmentSum',
  emit(graph, node, { numSegments }) {
    const [x, segmentIds] = node.inputs as [LazyNode, LazyNode];
    const ids = graph.op('Cast', [graph.get(segmentIds)], { to: onnxType.int64 });
    const bound = graph.scalar('int64', numSegments);
    const inside = graph.op('And', [
      graph.op('GreaterOrEqual', [ids, graph.scalar('int64', 0)]),
      graph.op('Less', [ids, bound]),
    ]);
    const rows = graph.reshape(graph.op('Where', [inside, ids, bound]), [...segmentIds.shape, 1]);
    const zeros = graph.op('Expand', [
      graph.scalar('float32', 0),
      graph.ints([numSegments + 1, ...node.shape.slice(1)]),
    ]);
    const sums = graph.op('ScatterND', [zeros, rows, graph.get(x)], { reduction: 'add' });
    graph.set(node, 'plain', graph.op('Slice', [sums, graph.ints([0]), graph.ints([numSegments]), graph.ints([0])]));
  },
};

const oneHot: Operation<{ on: number; off: number }> = {
  name: 'OneHot',
  emit(graph, node, { on, off }) {
    const indices = firstInput(node);
    const depth = node.shape.at(-1) ?? 1;
    const classes = graph.tensor(
      'int32',
      Array.from({ length: depth }, (_, i) => i),
    );
    const hit = graph.op('Equal', [graph.reshape(graph.get(indices), [...indices.shape, 1]), classes]);
    const type = node.dtype === 'int32' ? 'int32' : 'float32';
    graph.set(node, 'plain', graph.op('Where', [hit, graph.scalar(type, on), graph.scalar(type, off)]));
  },
};

export const gatheringKernels: KernelTable = {
  GatherV2: (backend, inputs, attributes) => {
    const [x, indices] = [required(inputs, 'x'), required(inputs, 'indices')];
    const [axis = 0] = tf.util.parseAxisParam(attributes['axis'] as number, x.shape);
    if (((attributes['batchDims'] as number | undefined) ?? 0) !== 0 || indices.dtype !== 'int32') return null;
    // Indices that are there already are checked as tfjs's cpu backend checks them: cheap, and the message is clear.
    const known = backend.hasValue(indices);
    if (known) {
      const limit = x.shape[axis] ?? 0;
      for (const index of backend.valuesOf(indices.dataId) as Int32Array)
        tf.util.assert(
          index >= 0 && index < limit,
          () => `GatherV2: the index value ${index} is not in [0, ${limit - 1}]`,
        );
    }
    return backend.record(
      gather,
      [x, indices],
      [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      x.dtype,
      { axis, known: known ? 1 : 0 },
    );
  },
  GatherNd: (backend, inputs) => {
    const [params, indices] = [required(inputs, 'params'), required(inputs, 'indices')];
    tf.gather_util.prepareAndValidate(params as tf.Tensor, indices as tf.Tensor);
    const depth = indices.shape.at(-1) ?? 0;
    if (indices.dtype !== 'int32' || depth === 0 || params.shape.includes(0)) return null;
    return backend.record(
      gatherNd,
      [params, indices],
      [...indices.shape.slice(0, -1), ...params.shape.slice(depth)],
      params.dtype,
      none,
    );
  },
  UnsortedSegmentSum: (backend, inputs, attributes) => {
    const [x, segmentIds] = [required(inputs, 'x'), required(inputs, 'segmentIds')];
    const numSegments = attributes['numSegments'] as number;
    if (x.dtype !== 'float32' || segmentIds.shape.length !== 1 || x.shape.includes(0)) return null;
    return backend.record(unsortedSegmentSum, [x, segmentIds], [numSegments, ...x.shape.slice(1)], x.dtype, {
      numSegments,
    });
  },
  OneHot: (backend, inputs, attributes) => {
    const indices = required(inputs, 'indices');
    const { depth, onValue, offValue, dtype } = attributes as {
      depth: number;
      onValue: number;
      offValue: number;
      dtype?: 'float32' | 'int32';
    };
    if (indices.dtype !== 'int32' || (dtype !== undefined && dtype !== 'float32' && dtype !== 'int32')) return null;
    return backend.record(oneHot, [indices], [...indices.shape, depth], dtype ?? 'int32', {
      on: onValue,
      off: offValue,
    });
  },
};
