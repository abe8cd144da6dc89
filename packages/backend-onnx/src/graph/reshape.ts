/** The same values under another shape. */
import type { LazyNode } from './node.js';
import type { Operation } from './operation.js';

export const reshape: Operation<Record<string, never>> = {
  name: 'Reshape',
  emit(graph, node) {
    const [x] = node.inputs as [LazyNode];
    graph.set(node, 'plain', graph.reshape(graph.get(x), node.shape));
  },
};
