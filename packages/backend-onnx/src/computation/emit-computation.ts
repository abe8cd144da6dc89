/** A recorded computation as an ONNX graph: constants inside, state in and out in the layout in which the graph reads it. */
import type { Variable } from '@tensorflow/tfjs-core';
import { embed, onnxTypeOf } from '../engine/compile.js';
import { trace } from '../engine/trace.js';
import { at } from '../graph/at.js';
import { Emission, type EmissionOptions } from '../graph/emission.js';
import { type Layout, physicalShape } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import type { GraphValue } from '../graph/onnx-graph.js';
import type { GraphProto } from '../graph/onnx-model.js';
import { emitNode } from '../graph/operation.js';
import { renameValues, unique } from '../recording/value-names.js';
import { type RecordedComputation, rootsOf } from './record-computation.js';

interface EmittedState {
  readonly name: string;
  /** What it is at the end, or null where the computation leaves it as it is. */
  readonly output: string | null;
  readonly layout: Layout;
  readonly variable: Variable;
}

export interface EmittedComputation {
  readonly graph: GraphProto;
  /** Operator sets besides ONNX's own. */
  readonly domains: readonly string[];
  /** In the order of the recording, without what the graph does not read. */
  readonly state: readonly EmittedState[];
}

/** A new value of the state has the old one's name and this. */
const newSuffix = '.new';

export function emitComputation(recorded: RecordedComputation, options: EmissionOptions): EmittedComputation {
  // Once to see which filters the graph would transpose each time, and again with these stored as it wants them.
  const order = trace(rootsOf(recorded)).order;
  const wanted = emitted(recorded, options, new Set()).graph.filtersToRelayout(order);
  const filters = recorded.state.flatMap(({ node }) => (wanted.has(node) ? [node] : []));
  return finished(recorded, emitted(recorded, options, new Set(filters)));
}

interface Emitted {
  readonly graph: Emission;
  readonly inputs: readonly GraphValue[];
  readonly layoutOf: (node: LazyNode) => Layout;
}

function emitted(
  { inputs, state, results, layerOf }: RecordedComputation,
  options: EmissionOptions,
  filters: ReadonlySet<LazyNode>,
): Emitted {
  const roots = rootsOf({ state, results });
  const { order, leaves } = trace(roots);
  const graph = new Emission(order, options, roots);
  if (options.portable !== true)
    for (const leaf of leaves) {
      const layout = leaf.value?.layout ?? 'plain';
      graph.set(leaf, layout, embed(graph, leaf, layout));
    }
  const names = new Set<string>();
  const given = new Set<LazyNode>();
  const layoutOf = (node: LazyNode): Layout => (filters.has(node) ? 'filtersFirst' : 'plain');
  const values = [...inputs, ...state].map(({ name: wanted, node }) => {
    const [name, layout] = [unique(wanted, names), layoutOf(node)];
    graph.set(node, layout, name);
    given.add(node);
    return { name, type: onnxTypeOf(node), shape: physicalShape(node.shape, layout) };
  });
  for (const node of order) {
    const layer = layerOf.get(node);
    if (!given.has(node)) emitNode(graph, node, layer === undefined ? node.name : `${layer}/${node.name}`);
  }
  return { graph, inputs: values, layoutOf };
}

function finished(
  { inputs, state, results }: RecordedComputation,
  { graph, inputs: values, layoutOf }: Emitted,
): EmittedComputation {
  const changed = state.filter(({ node, result }) => node !== result);
  const value = (node: LazyNode, layout: Layout): GraphValue => ({
    name: graph.get(node, layout),
    type: onnxTypeOf(node),
    shape: physicalShape(node.shape, layout),
  });
  const {
    graph: proto,
    outputs,
    used,
    domains,
  } = graph.finish(values, [
    ...results.map(({ node }) => value(node, 'plain')),
    ...changed.map(({ node, result }) => value(result, layoutOf(node))),
  ]);
  const names = new Set(values.map(({ name }) => name));
  const rename = new Map<string, string>();
  const named = (output: string, wanted: string): string => {
    const name = unique(wanted, names);
    rename.set(output, name);
    return name;
  };
  results.forEach(({ name }, i) => {
    named(at(outputs, i), name);
  });
  let next = results.length;
  const emittedState = state.map(({ node, result, variable }, i) => {
    const { name } = at(values, inputs.length + i);
    const output = node === result ? null : named(at(outputs, next++), `${name}${newSuffix}`);
    return { name, output, layout: layoutOf(node), variable };
  });
  renameValues(proto, rename);
  return { graph: proto, domains, state: emittedState.filter(({ name }) => used.has(name)) };
}
