/** Padding with mirrored values: along each axis a gather, because ONNX 1.12 has no symmetric mode. */

import { physicalAxis } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';

type MirrorAttributes = { before: readonly number[]; after: readonly number[]; symmetric: boolean };

/** Which of `size` elements stands where: the edge is repeated where `symmetric`. */
function mirrored(size: number, before: number, after: number, symmetric: boolean): number[] {
  const offset = symmetric ? 1 : 0;
  return Array.from({ length: before + size + after }, (_, i) => {
    const position = i - before;
    if (position < 0) return -position - offset;
    return position < size ? position : 2 * (size - 1) - position + offset;
  });
}

const mirrorPad: Operation<MirrorAttributes> = {
  name: 'MirrorPad',
  emit(graph, node, { before, after, symmetric }) {
    const [x] = node.inputs as [LazyNode];
    let { name, layout } = graph.native(x);
    x.shape.forEach((size, axis) => {
      const [start = 0, end = 0] = [before[axis], after[axis]];
      if (start === 0 && end === 0) return;
      const indices = graph.tensor('int32', mirrored(size, start, end, symmetric));
      name = graph.op('Gather', [name, indices], { axis: physicalAxis(axis, layout) });
    });
    graph.set(node, layout, name);
  },
};

export const mirrorPadKernels: KernelTable = {
  MirrorPad: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { paddings, mode } = attributes as unknown as {
      paddings: [number, number][];
      mode: 'reflect' | 'symmetric';
    };
    const shape = x.shape.map((extent, i) => extent + (paddings[i]?.[0] ?? 0) + (paddings[i]?.[1] ?? 0));
    if (x.shape.includes(0)) return null;
    if (shape.join() === x.shape.join()) return backend.shared(x);
    return backend.record(mirrorPad, [x], shape, x.dtype, {
      before: paddings.map(([before]) => before),
      after: paddings.map(([, after]) => after),
      symmetric: mode === 'symmetric',
    });
  },
};
