/** How a recorded operation becomes ONNX. */
import type { Emission } from './emission.js';
import type { Attributes } from './kind.js';
import type { LazyNode, OperationKind } from './node.js';

export interface Operation<A extends Attributes> extends OperationKind {
  /** Adds ONNX nodes for `node` to the graph and says there what the result is called and how it is laid out. */
  emit(graph: Emission, node: LazyNode, attributes: A): void;
}

function isOperation(kind: OperationKind | null): kind is Operation<Attributes> {
  return kind !== null && 'emit' in kind;
}

/**
 * Emits a recorded node: by the first fusion that applies, else by its operation's own form.
 * @param label names its ONNX nodes, for error messages and Netron
 */
export function emitNode(graph: Emission, node: LazyNode, label: string): void {
  graph.begin(node, label);
  if (graph.fuse(node)) return;
  const { operation } = node;
  if (!isOperation(operation)) throw new Error(`${node.name}: a computed value or an input is not emitted`);
  operation.emit(graph, node, node.attributes);
}
