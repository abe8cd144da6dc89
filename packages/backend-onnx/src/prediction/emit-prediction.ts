/** A recorded prediction as a portable ONNX graph with its weights inside. */

import { onnxTypeOf } from '../engine/compile.js';
import { trace } from '../engine/trace.js';
import { fusions as allFusions } from '../fusions/index.js';
import { at } from '../graph/at.js';
import { Emission, type Fusion } from '../graph/emission.js';
import { type Layout, physicalShape } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import type { GraphProto, OnnxType } from '../graph/onnx-model.js';
import { emitNode } from '../graph/operation.js';
import { renameValues, unique } from '../recording/value-names.js';
import type { RecordedPrediction } from './record-prediction.js';

export interface PredictionEmission {
  readonly opset: number;
  /** How inputs and outputs of rank 4 are laid out. */
  readonly layout: Layout;
  /** What an input is outside of the graph, and how it becomes the model's own; null where it is that already. */
  readonly preprocess: Preprocess | null;
  /** @internal Instead of all, for tests. */
  readonly fusions?: readonly Fusion[];
}

export interface Preprocess {
  readonly type: OnnxType;
  /** @returns the name of the model's input */
  readonly emit: (graph: Emission, input: string, layout: Layout) => string;
}

export interface EmittedPrediction {
  readonly graph: GraphProto;
  /** The leaves, in the order of the recording. */
  readonly leaves: readonly LazyNode[];
  /** The layer and operation that read a leaf, for error messages. */
  readonly readerOf: (leaf: LazyNode) => string;
}

/** Nodes are named by the layer that recorded them and their operation, inputs and output as in the model. */
export function emitPrediction(
  { inputs, output, layerOf }: RecordedPrediction,
  { opset, layout, preprocess, fusions = allFusions }: PredictionEmission,
): EmittedPrediction {
  const { order, leaves } = trace([output.node]);
  const graph = new Emission(order, { block: 0, portable: true, opset, fusions }, [output.node]);
  const layoutOf = ({ shape }: LazyNode): Layout => (shape.length === 4 ? layout : 'plain');
  const names = new Set<string>();
  const graphInputs = inputs.map(({ name: wanted, node }) => {
    const name = unique(wanted, names);
    const inner = preprocess?.emit(graph, name, layoutOf(node)) ?? name;
    graph.set(node, layoutOf(node), inner);
    return { name, type: preprocess?.type ?? onnxTypeOf(node), shape: physicalShape(node.shape, layoutOf(node)) };
  });
  for (const node of order) {
    const layer = layerOf.get(node);
    if (!inputs.some((input) => input.node === node))
      emitNode(graph, node, layer ? `${layer}/${node.name}` : node.name);
  }
  const physical = layoutOf(output.node);
  const finished = graph.finish(graphInputs, [
    {
      name: graph.get(output.node, physical),
      type: onnxTypeOf(output.node),
      shape: physicalShape(output.node.shape, physical),
    },
  ]);
  const unread = graphInputs.find(({ name }) => !finished.used.has(name));
  if (unread) throw new RangeError(`input '${unread.name}' has no influence on the model's first output`);
  renameValues(finished.graph, new Map([[at(finished.outputs, 0), unique(output.name, names)]]));
  const readerOf = (leaf: LazyNode) => {
    const reader = order.find((node) => node.inputs.includes(leaf));
    return reader === undefined ? 'the model' : `${reader.name} of layer '${layerOf.get(reader)}'`;
  };
  return { graph: finished.graph, leaves, readerOf };
}
