/** A model's prediction as one ONNX graph with its weights inside: the graph of `exportOnnx`, for this runtime. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { exportedGraph } from '../export/export-onnx.js';
import { resolveOptions } from '../export/export-options.js';
import { encodeModel, type GraphProto, onnxType, type ValueInfoProto } from '../graph/onnx-model.js';
import type { Signature } from './signature.js';

export interface FrozenGraph {
  /** The bytes of an .onnx file. */
  readonly model: Uint8Array;
  readonly signature: Signature;
}

export interface FrozenShape {
  /** Pictures at once, null for any number. */
  readonly batchSize: number | null;
  /** Of one picture, for models that leave it open. */
  readonly inputShape?: readonly number[] | undefined;
}

/** @param sentinel the output that the runtime needs, see there */
export function frozenGraph(
  model: LayersModel,
  { batchSize, inputShape }: FrozenShape,
  sentinel: string | null,
): FrozenGraph {
  const options = resolveOptions(model, {
    batchSize: batchSize ?? 'dynamic',
    ...(inputShape === undefined ? {} : { inputShape }),
  });
  const graph = exportedGraph(model, options);
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
  return { model: encodeModel(sentinel === null ? graph : withSentinel(graph, sentinel), []), signature };
}

/** The axes after the batch. */
function shapeOfOne({ type }: ValueInfoProto): number[] {
  return type.tensorType.shape.dim.slice(1).map(({ dimValue }) => dimValue ?? 1);
}

function withSentinel(graph: GraphProto, name: string): GraphProto {
  const zero = { name: `${name}/zero`, dims: [], dataType: onnxType.float32, rawData: new Uint8Array(4) };
  const to = { name: 'to', type: 2, i: onnxType.bfloat16 };
  const cast = { opType: 'Cast', input: [zero.name], output: [name], name, domain: '', attribute: [to] };
  const info = { name, type: { tensorType: { elemType: onnxType.bfloat16, shape: { dim: [] } } } };
  return {
    ...graph,
    node: [...graph.node, cast],
    initializer: [...graph.initializer, zero],
    output: [info, ...graph.output],
  };
}
