/** An ONNX graph that is being changed: who makes a value, who reads it, and what takes its place. */
import type { GraphProto, NodeProto, TensorProto } from '@cnnzoo/onnx-format';

export interface Graph {
  nodes: NodeProto[];
  readonly constants: Map<string, TensorProto>;
  readonly inputs: GraphProto['input'];
  readonly outputs: GraphProto['output'];
}

export function graphOf({ node, initializer, input, output }: GraphProto): Graph {
  const constants = new Map(initializer.map((tensor) => [tensor.name, tensor]));
  // Old files list their weights among the inputs.
  return { nodes: [...node], constants, inputs: input.filter(({ name }) => !constants.has(name)), outputs: output };
}

/** The nodes that read each value. */
export function readersOf({ nodes }: Graph): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of nodes)
    for (const name of new Set(node.input)) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  return readers;
}

/** The node that makes each value. */
export function makersOf({ nodes }: Graph): Map<string, NodeProto> {
  return new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
}

export function isOutput({ outputs }: Graph, name: string): boolean {
  return outputs.some((output) => output.name === name);
}

/** All nodes read `to` where they read `from`. */
export function replaceReads({ nodes }: Graph, from: string, to: string): void {
  for (const node of nodes) if (node.input.includes(from)) node.input = renamed(node.input, from, to);
}

/** The node that made `from` makes `to`. */
export function replaceMade({ nodes }: Graph, from: string, to: string): void {
  for (const node of nodes) if (node.output.includes(from)) node.output = renamed(node.output, from, to);
}

const renamed = (names: readonly string[], from: string, to: string) =>
  names.map((name) => (name === from ? to : name));

/** Takes away what no output needs: nodes, and constants that nobody reads. */
export function removeUnused(graph: Graph): void {
  const makers = makersOf(graph);
  const used = new Set<string>();
  const wanted = graph.outputs.map(({ name }) => name);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    wanted.push(...(makers.get(name)?.input ?? []));
  }
  graph.nodes = graph.nodes.filter(({ output }) => output.some((name) => used.has(name)));
  for (const name of graph.constants.keys()) if (!used.has(name)) graph.constants.delete(name);
}

export function intAttribute({ attribute }: NodeProto, name: string, otherwise: number): number {
  return attribute.find((each) => each.name === name)?.i ?? otherwise;
}

export function floatAttribute({ attribute }: NodeProto, name: string, otherwise: number): number {
  return attribute.find((each) => each.name === name)?.f ?? otherwise;
}

export function intsAttribute({ attribute }: NodeProto, name: string): readonly number[] | undefined {
  const found = attribute.find((each) => each.name === name);
  return found && (found.ints ?? []);
}

export function node(
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attribute: NodeProto['attribute'] = [],
): NodeProto {
  return { opType, name, input, output, domain: '', attribute };
}
