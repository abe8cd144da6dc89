/** Names of a graph's inputs and outputs, instead of the ones that the graph builder gives to values. */
import type { GraphProto } from '../graph/onnx-model.js';

/** Names that the graph builder gives to values. */
const inner = /^[vcw]\d+$/;

/** A name that no other value has. */
export function unique(wanted: string, names: Set<string>): string {
  let name = wanted;
  while (names.has(name) || inner.test(name)) name += '_';
  names.add(name);
  return name;
}

/** @param names the new name of each value that gets one, by its old one */
export function renameValues(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  const renamed = (values: readonly string[]) => values.map((name) => names.get(name) ?? name);
  for (const node of graph.node) {
    node.input = renamed(node.input);
    node.output = renamed(node.output);
  }
  for (const value of graph.output) value.name = names.get(value.name) ?? value.name;
}
