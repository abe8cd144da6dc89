/** Weights of two bytes: the file has them as half floats, and a Cast that runtimes do once, when they open it. */
import { weightsAsFloat16 } from '@cnnzoo/files';
import { dataTypes } from '@cnnzoo/onnx-format';
import { attributeProto, type GraphProto, type NodeProto, type TensorProto } from '../graph/onnx-model.js';

/** Such as biases, of any rank. */
const isVector = (dims: readonly number[]) => dims.filter((size) => size > 1).length < 2;

/** Vectors stay: they are small, and the numbers of batch normalization among them are of all sizes. */
export function halveWeights(graph: GraphProto): GraphProto {
  const casts: NodeProto[] = [];
  const initializer = graph.initializer.map((tensor): TensorProto => {
    const { name, dims, dataType, rawData } = tensor;
    if (dataType !== dataTypes.float32 || isVector(dims) || rawData === undefined) return tensor;
    // The bytes of a message begin anywhere.
    const { buffer, byteOffset, byteLength } = rawData.byteOffset % 4 === 0 ? rawData : Uint8Array.from(rawData);
    const halves = weightsAsFloat16(new Float32Array(buffer, byteOffset, byteLength / 4));
    if (halves === null) return tensor;
    const half = `${name}_float16`;
    casts.push({
      opType: 'Cast',
      name: `${name}_float32`,
      domain: '',
      input: [half],
      output: [name],
      attribute: [attributeProto('to', dataTypes.float32)],
    });
    return { name: half, dims, dataType: dataTypes.float16, rawData: new Uint8Array(halves.buffer) };
  });
  return { ...graph, node: [...casts, ...graph.node], initializer };
}
