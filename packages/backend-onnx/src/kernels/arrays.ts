/** Kernels that move elements without computing: reshape, transpose, slice, pad, concat, split, tile, reverse. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { at } from '../graph/at.js';
import type { Emission } from '../graph/emission.js';
import type { Attributes } from '../graph/kind.js';
import { type Layout, physicalAxis } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { type KernelTable, required } from '../tfjs/kernel.js';

/** The input of an operation that has one. */
export function firstInput(node: LazyNode): LazyNode {
  const [x] = node.inputs;
  if (x === undefined) throw new Error(`${node.name} has no input`);
  return x;
}

/** An operation of one input that may be done in the input's own layout, because it works along named axes. */
function alongAxes<A extends Attributes>(
  name: string,
  apply: (graph: Emission, x: string, axisIn: (axis: number) => number, attributes: A, node: LazyNode) => string,
): Operation<A> {
  return {
    name,
    emit(graph, node, attributes) {
      const { name: x, layout } = graph.native(firstInput(node));
      graph.set(
        node,
        layout,
        apply(graph, x, (axis) => physicalAxis(axis, layout), attributes, node),
      );
    },
  };
}

export const transpose: Operation<{ perm: readonly number[] }> = {
  name: 'Transpose',
  emit(graph, node, { perm }) {
    graph.set(node, 'plain', graph.op('Transpose', [graph.get(firstInput(node))], { perm }));
  },
};

/** Values by physical axis, from values by logical axis. */
function arrange(values: readonly number[], axisIn: (axis: number) => number): number[] {
  const arranged = [...values];
  values.forEach((value, axis) => {
    arranged[axisIn(axis)] = value;
  });
  return arranged;
}

export const slice: Operation<{ begin: readonly number[] }> = {
  name: 'Slice',
  emit(graph, node, { begin }) {
    const x = firstInput(node);
    const { name, layout } = graph.native(x);
    const axes = x.shape.map((_, axis) => axis).filter((axis) => node.shape[axis] !== x.shape[axis]);
    if (axes.length === 0) return graph.set(node, layout, name);
    const starts = axes.map((axis) => begin[axis] ?? 0);
    const ends = axes.map((axis, i) => (starts[i] ?? 0) + (node.shape[axis] ?? 0));
    const physical = axes.map((axis) => physicalAxis(axis, layout));
    graph.set(node, layout, graph.op('Slice', [name, graph.ints(starts), graph.ints(ends), graph.ints(physical)]));
  },
};

/** A slice that takes its elements in rising order, and then turns the axes around that should fall. */
function slicedForward(
  graph: Emission,
  x: string,
  { begin, end, strides }: { begin: readonly number[]; end: readonly number[]; strides: readonly number[] },
): string {
  const counts = begin.map((start, axis) => Math.ceil(((end[axis] ?? 0) - start) / (strides[axis] ?? 1)));
  const lasts = begin.map((start, axis) => start + ((counts[axis] ?? 1) - 1) * (strides[axis] ?? 1));
  const starts = begin.map((start, axis) => Math.min(start, lasts[axis] ?? 0));
  const ends = begin.map((start, axis) => Math.max(start, lasts[axis] ?? 0) + 1);
  const ranges = [starts, ends, begin.map((_, axis) => axis), strides.map(Math.abs)];
  const rising = graph.op('Slice', [x, ...ranges.map((values) => graph.ints(values))]);
  const falling = strides.flatMap((stride, axis) => (stride < 0 ? [axis] : []));
  const all = (value: number) => graph.ints(falling.map(() => value));
  return graph.op('Slice', [rising, all(-1), all(-(2 ** 31)), graph.ints(falling), all(-1)]);
}

const stridedSlice: Operation<{ begin: readonly number[]; end: readonly number[]; strides: readonly number[] }> = {
  name: 'StridedSlice',
  emit(graph, node, { begin, end, strides }) {
    const x = firstInput(node);
    // Going down, an end of -1 means "past the first element", which ONNX writes as a number below -size.
    const ends = end.map((value, axis) => (value < 0 ? -1 - (x.shape[axis] ?? 0) : value));
    const axes = graph.ints(begin.map((_, axis) => axis));
    if (!graph.can('backwardSlice') && strides.some((stride) => stride < 0))
      return graph.set(
        node,
        'plain',
        graph.reshape(slicedForward(graph, graph.get(x), { begin, end, strides }), node.shape),
      );
    const sliced = graph.op('Slice', [graph.get(x), graph.ints(begin), graph.ints(ends), axes, graph.ints(strides)]);
    graph.set(node, 'plain', graph.reshape(sliced, node.shape));
  },
};

export const pad = alongAxes<{ before: readonly number[]; after: readonly number[]; value: number }>(
  'PadV2',
  (graph, x, axisIn, { before, after, value }, { dtype }) => {
    const type = dtype === 'float32' || dtype === 'int32' ? dtype : 'bool';
    return graph.op('Pad', [
      x,
      graph.ints([...arrange(before, axisIn), ...arrange(after, axisIn)]),
      graph.scalar(type, value),
    ]);
  },
);

const tile = alongAxes<{ reps: readonly number[] }>('Tile', (graph, x, axisIn, { reps }) =>
  graph.op('Tile', [x, graph.ints(arrange(reps, axisIn))]),
);

const reverse = alongAxes<{ axes: readonly number[] }>('Reverse', (graph, x, axisIn, { axes }) => {
  const all = (value: number) => graph.ints(axes.map(() => value));
  return graph.op('Slice', [x, all(-1), all(-(2 ** 31)), graph.ints(axes.map(axisIn)), all(-1)]);
});

export const concat: Operation<{ axis: number }> = {
  name: 'Concat',
  emit(graph, node, { axis }) {
    const layout = majorityLayout(graph, node);
    graph.set(
      node,
      layout,
      graph.op(
        'Concat',
        node.inputs.map((input) => graph.get(input, layout)),
        { axis: physicalAxis(axis, layout) },
      ),
    );
  },
};

function majorityLayout(graph: Emission, node: LazyNode): Layout {
  const layouts = node.inputs.map((input) => graph.layoutOf(input));
  return layouts.find((layout) => layout !== 'plain') ?? 'plain';
}

/** One part of a split; the parts share one ONNX node. */
const splitPart: Operation<{ axis: number; sizes: readonly number[]; part: number }> = {
  name: 'SplitV',
  emit(graph, node, { axis, sizes, part }) {
    const { name, layout } = graph.native(firstInput(node));
    const parts = graph.split(name, sizes, physicalAxis(axis, layout));
    graph.set(node, layout, at(parts, part));
  },
};

/** An axis of a shape of this rank, negative axes counted from the end. */
function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function recordSlice(
  backend: OnnxBackend,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  return backend.record(slice, [x], size, x.dtype, { begin });
}

/** Records, uses and lets go of an intermediate tensor. */
export function through(backend: OnnxBackend, x: TensorInfo, use: (x: TensorInfo) => TensorInfo): TensorInfo {
  const result = use(x);
  backend.disposeData(x.dataId);
  return result;
}

function split(backend: OnnxBackend, x: TensorInfo, axis: number, sizes: readonly number[]): TensorInfo[] {
  if (sizes.length === 1) return [backend.shared(x)];
  if (sizes.some((size) => size === 0)) {
    let start = 0;
    return sizes.map((size) => {
      const begin = x.shape.map((_, i) => (i === axis ? start : 0));
      start += size;
      return recordSlice(
        backend,
        x,
        begin,
        x.shape.map((extent, i) => (i === axis ? size : extent)),
      );
    });
  }
  return sizes.map((size, part) =>
    backend.record(
      splitPart,
      [x],
      x.shape.map((extent, i) => (i === axis ? size : extent)),
      x.dtype,
      { axis, sizes, part },
    ),
  );
}

function concatenate(backend: OnnxBackend, all: readonly TensorInfo[], axis: number): TensorInfo | null {
  const [first] = all;
  if (first === undefined || all.some(({ dtype }) => dtype !== first.dtype)) return null;
  const shape = tf.backend_util.computeOutShape(
    all.map((x) => x.shape),
    axis,
  );
  const filled = all.filter((x) => !x.shape.includes(0));
  const [only] = filled;
  if (filled.length === 1 && only !== undefined) return backend.shared(only);
  return backend.record(concat, filled, shape, first.dtype, { axis });
}

export const arrayKernels: KernelTable = {
  Identity: (backend, inputs) => backend.shared(required(inputs, 'x')),
  Reshape: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const size = tf.util.sizeFromShape(x.shape);
    const shape = tf.util.inferFromImplicitShape(attributes['shape'] as number[], size);
    tf.util.assert(
      size === tf.util.sizeFromShape(shape),
      () =>
        `The new shape (${shape}) has ${tf.util.sizeFromShape(shape)} elements and the old shape (${x.shape}) has ${size} elements. The new shape and old shape must have the same number of elements.`,
    );
    return backend.reshaped(x, shape);
  },
  ExpandDims: (backend, inputs, attributes) => {
    const input = required(inputs, 'input');
    const dim = attributes['dim'] as number;
    tf.util.assert(
      -(input.shape.length + 1) <= dim && dim <= input.shape.length,
      () => `Axis must be in the interval [${-(input.shape.length + 1)}, ${input.shape.length}]`,
    );
    const shape = [...input.shape];
    shape.splice(fromFront(dim, input.shape.length + 1), 0, 1);
    return backend.reshaped(input, shape);
  },
  Transpose: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const perm = attributes['perm'] as number[];
    return backend.record(
      transpose,
      [x],
      perm.map((axis) => x.shape[axis] ?? 1),
      x.dtype,
      { perm },
    );
  },
  Slice: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const [begin = [], size = []] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      attributes['begin'] as number[],
      attributes['size'] as number[],
    );
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
    // As `model.predict` does for what is one batch.
    if (tf.util.arraysEqual(size, x.shape)) return backend.shared(x);
    return recordSlice(backend, x, begin, size);
  },
  StridedSlice: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const a = attributes as Record<'begin' | 'end' | 'strides', number[]> &
      Record<'beginMask' | 'endMask' | 'ellipsisMask' | 'newAxisMask' | 'shrinkAxisMask', number>;
    const info = tf.slice_util.sliceInfo(
      x.shape,
      a.begin,
      a.end,
      a.strides,
      a.beginMask,
      a.endMask,
      a.ellipsisMask,
      a.newAxisMask,
      a.shrinkAxisMask,
    );
    if (info.isIdentity) return backend.reshaped(x, info.finalShape);
    const { begin, end, strides } = info;
    return backend.record(stridedSlice, [x], info.finalShape, x.dtype, { begin, end, strides });
  },
  PadV2: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { paddings, constantValue } = attributes as unknown as {
      paddings: [number, number][];
      constantValue: number;
    };
    const shape = x.shape.map((extent, i) => extent + (paddings[i]?.[0] ?? 0) + (paddings[i]?.[1] ?? 0));
    if (x.shape.includes(0)) return null;
    if (paddings.every(([before, after]) => before === 0 && after === 0)) return backend.shared(x);
    return backend.record(pad, [x], shape, x.dtype, {
      before: paddings.map(([before]) => before),
      after: paddings.map(([, after]) => after),
      value: constantValue,
    });
  },
  Tile: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const reps = attributes['reps'] as number[];
    return backend.record(
      tile,
      [x],
      x.shape.map((extent, i) => extent * (reps[i] ?? 1)),
      x.dtype,
      { reps },
    );
  },
  Reverse: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const axes = tf.util.parseAxisParam(attributes['dims'] as number | number[], x.shape);
    return x.shape.length === 0 || axes.length === 0
      ? backend.shared(x)
      : backend.record(reverse, [x], x.shape, x.dtype, { axes });
  },
  FlipLeftRight: (backend, inputs) => {
    const image = required(inputs, 'image');
    return backend.record(reverse, [image], image.shape, image.dtype, { axes: [2] });
  },
  Concat: (backend, inputs, attributes) => {
    const all = Object.values(inputs as Record<string, TensorInfo>);
    const [axis = 0] = tf.util.parseAxisParam(attributes['axis'] as number, all[0]?.shape ?? []);
    tf.backend_util.assertParamsConsistent(
      all.map(({ shape }) => shape),
      axis,
    );
    return concatenate(backend, all, axis);
  },
  Pack: (backend, inputs, attributes) => {
    const all = Object.values(inputs as Record<string, TensorInfo>);
    const [first] = all;
    const axis = fromFront(attributes['axis'] as number, (first?.shape.length ?? 0) + 1);
    if (
      first === undefined ||
      all.some(({ shape, dtype }) => dtype !== first.dtype || shape.join() !== first.shape.join())
    )
      return null;
    const expanded = all.map((x) => backend.reshaped(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]));
    const packed = concatenate(backend, expanded, axis);
    for (const x of expanded) backend.disposeData(x.dataId);
    return packed;
  },
  Unpack: (backend, inputs, attributes) => {
    const value = required(inputs, 'value');
    const at = fromFront(attributes['axis'] as number, value.shape.length);
    const parts = split(
      backend,
      value,
      at,
      Array.from({ length: value.shape[at] ?? 0 }, () => 1),
    );
    return parts.map((part) =>
      through(backend, part, (x) =>
        backend.reshaped(
          x,
          x.shape.filter((_, i) => i !== at),
        ),
      ),
    );
  },
  SplitV: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const [axis = 0] = tf.util.parseAxisParam(attributes['axis'] as number, x.shape);
    return split(
      backend,
      x,
      axis,
      tf.backend_util.prepareSplitSize(x as tf.Tensor, attributes['numOrSizeSplits'] as number, axis),
    );
  },
};
