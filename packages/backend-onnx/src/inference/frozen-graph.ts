/** A model's prediction as one ONNX graph with its weights inside: for this runtime. */
import { encodeModel, onnxType, type ValueInfoProto } from '../graph/onnx-model.js';
import { predictionGraph } from '../prediction/prediction-graph.js';
import type { RecordableModel } from '../prediction/recordable-model.js';
import { onnxBackend } from '../register-backend.js';
import type { Signature } from './signature.js';

export interface FrozenGraph {
  /** The bytes of an .onnx file. */
  readonly model: Uint8Array;
  readonly signature: Signature;
}

export interface FrozenShape {
  /** Images at once, null for any number. */
  readonly batchSize: number | null;
  /** Of one image, for models that leave it open. */
  readonly inputShape?: readonly number[] | undefined;
}

export function frozenGraph(model: RecordableModel, { batchSize, inputShape }: FrozenShape): FrozenGraph {
  const graph = predictionGraph(model, onnxBackend(), {
    batchSize: batchSize ?? 'dynamic',
    inputShape,
    layout: 'plain',
    opset: 17,
    preprocess: null,
  });
  const [[input, ...others], [output]] = [graph.input, graph.output];
  if (input === undefined || output === undefined || others.length > 0)
    throw new RangeError(`freeze: model '${model.name}' has ${graph.input.length} inputs, expected a model of one`);
  for (const { name, type } of [input, output])
    if (type.tensorType.elemType !== onnxType.float32)
      throw new TypeError(`freeze: '${name}' of model '${model.name}' is not float32; others cannot be frozen`);
  const signature = {
    model: model.name,
    input: input.name,
    output: output.name,
    inputShape: shapeOfOne(input),
    outputShape: shapeOfOne(output),
    batchSize,
  };
  return { model: encodeModel(graph, []), signature };
}

/** The axes after the batch. */
function shapeOfOne({ type }: ValueInfoProto): number[] {
  return type.tensorType.shape.dim.slice(1).map(({ dimValue }) => dimValue ?? 1);
}
