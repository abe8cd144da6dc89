/** A model's prediction as one ONNX graph with its weights inside, in the form that onnxruntime runs fastest. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { onnxTypeOf } from '../engine/compile.js';
import { trace } from '../engine/trace.js';
import { GraphBuilder } from '../graph/graph-builder.js';
import { physicalShape } from '../graph/layout.js';
import { encodeModel } from '../graph/onnx-model.js';
import { recordPrediction } from '../prediction/record-prediction.js';
import type { Signature } from './signature.js';

export interface FrozenGraph {
  /** The bytes of an .onnx file. */
  readonly model: Uint8Array;
  readonly signature: Signature;
}

/**
 * Filters are emitted plainly, without blocks of channels and without folding by us: of constants onnxruntime folds batch norm
 * itself, and stays in blocks from layer to layer.
 * @param sentinel the output that the runtime needs, see there
 */
export function frozenGraph(model: LayersModel, batchSize: number, sentinel: string | null): FrozenGraph {
  const { inputs, output } = recordPrediction(model, { batchSize });
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw new RangeError(`freeze: model '${model.name}' has ${inputs.length} inputs, expected a model of one`);
  if (input.node.dtype !== 'float32' || output.node.dtype !== 'float32')
    throw new TypeError(
      `freeze: model '${model.name}' takes ${input.node.dtype} and gives ${output.node.dtype}, expected float32`,
    );
  const { order, leaves } = trace([output.node]);
  const graph = new GraphBuilder(order, { block: 0, sentinel });
  graph.set(input.node, 'plain', 'input');
  for (const leaf of leaves) {
    const { data, layout } = leaf.value ?? { data: [], layout: 'plain' };
    if (Array.isArray(data)) throw new TypeError(`freeze: model '${model.name}' has a constant of strings`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    graph.set(leaf, layout, graph.weight(onnxTypeOf(leaf), physicalShape(leaf.shape, layout), bytes));
  }
  order.forEach((node, i) => {
    if (node !== input.node) graph.emit(node, `${node.name}#${i}`);
  });
  const finished = graph.finish(
    [{ name: 'input', type: 'float32', shape: input.node.shape }],
    [{ name: graph.get(output.node), type: 'float32', shape: output.node.shape }],
  );
  return {
    model: encodeModel(finished.graph, finished.domains),
    signature: {
      model: model.name,
      input: 'input',
      output: finished.outputs[0] ?? '',
      inputShape: input.node.shape.slice(1),
      outputShape: output.node.shape.slice(1),
      batchSize,
    },
  };
}
