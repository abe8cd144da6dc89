/** Kernels whose indices are tensors: gather, segment sums (the gradient of a gather), one-hot. */
import * as tf from '@tensorflow/tfjs-core';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { firstInput } from './arrays.js';

const none: Record<string, never> = {};

const gather: Operation<{ axis: number }> = {
  name: 'GatherV2',
  emit(graph, node, { axis }) {
    const [x, indices] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'plain', graph.op('Gather', [graph.get(x), graph.get(indices)], { axis }));
  },
};

const int64 = 7;

const gatherNd: Operation<Record<string, never>> = {
  name: 'GatherNd',
  emit(graph, node) {
    const [x, indices] = node.inputs as [LazyNode, LazyNode];
    graph.set(
      node,
      'plain',
      graph.op('GatherND', [graph.get(x), graph.op('Cast', [graph.get(indices)], { to: int64 })]),
    );
  },
};

/** Rows of x summed by segment; identifiers outside the range go to a row that is cut off. */
const unsortedSegmentSum: Operation<{ numSegments: number }> = {
  name: 'UnsortedSegmentSum',
  emit(graph, node, { numSegments }) {
    const [x, segmentIds] = node.inputs as [LazyNode, LazyNode];
    const ids = graph.op('Cast', [graph.get(segmentIds)], { to: int64 });
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
    if (backend.hasValue(indices)) {
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
      { axis },
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
