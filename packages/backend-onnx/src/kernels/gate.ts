/** What activations that are computed again wait for: see ../engine/recompute.ts. */
import { at } from '../graph/at.js';
import type { Operation } from '../graph/operation.js';

/** The sum of nothing of a value: 0, whatever the value is, and only when it is there. */
export const zeroOf: Operation<Record<string, never>> = {
  name: 'ZeroOf',
  emit(graph, node) {
    const input = at(node.inputs, 0);
    const { name } = graph.native(input);
    const value = input.shape.length === 0 ? graph.reshape(name, [1]) : name;
    const nothing = graph.op('Slice', [value, graph.ints([0]), graph.ints([0]), graph.ints([0])]);
    graph.set(node, 'plain', graph.op('ReduceSum', [nothing], { keepdims: 0 }));
  },
};
