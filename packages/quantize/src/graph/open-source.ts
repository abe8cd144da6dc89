/** What can be quantized, as an ONNX model and what goes into it. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve, sep } from 'node:path';
import { exportOnnx, type GraphModel, type OnnxFileSignature } from '@cnnzoo/backend-onnx';
import { dataTypes, decodeModel, imageLayout, type ModelProto, type TensorProto } from '@cnnzoo/onnx-format';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isFakeQuantized } from '../fine-tuning/fake-quantize.js';

export interface FloatModel {
  readonly model: ModelProto & { graph: NonNullable<ModelProto['graph']> };
  readonly signature: OnnxFileSignature;
}

/** A network of tfjs, or the path or bytes of an ONNX file. */
export type QuantizableModel = LayersModel | GraphModel | string | Uint8Array;

/**
 * @param inputShape [height, width, channels] where the network leaves them open
 * @throws TypeError or RangeError naming the file and what it is instead of a network of images
 */
export function openSource(source: QuantizableModel, inputShape: readonly number[] | undefined): FloatModel {
  if (typeof source === 'string') return describe(source, readWithWeights(source), inputShape);
  if (source instanceof Uint8Array) return describe('model', decoded('model', source), inputShape);
  if (isFakeQuantized(source))
    throw new Error('the model still computes with rounded numbers: call remove() of what fakeQuantize returned first');
  const name = 'name' in source && typeof source.name === 'string' ? source.name : 'model';
  const bytes = exportOnnx(source, inputShape === undefined ? {} : { inputShape });
  return describe(name, decoded(name, bytes), inputShape);
}

function decoded(name: string, bytes: Uint8Array): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    throw new TypeError(`${name}: no ONNX model: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Weights in a file beside it are read, too: it must be in the same folder. */
function readWithWeights(path: string): ModelProto {
  const model = decoded(path, readFileSync(path));
  const files = new Map<string, Uint8Array>();
  const folder = resolve(dirname(path));
  const read = (tensor: TensorProto): void => {
    const value = (key: string) => tensor.externalData?.find((entry) => entry.key === key)?.value;
    const location = value('location');
    if (location === undefined) return;
    const file = resolve(folder, location);
    if (!file.startsWith(`${folder}${sep}`))
      throw new TypeError(`${path}: the weight ${tensor.name} is in ${file}, outside of its folder`);
    const bytes = files.get(file) ?? readFileSync(file);
    files.set(file, bytes);
    const begin = Number(value('offset') ?? 0);
    tensor.rawData = bytes.subarray(begin, begin + Number(value('length') ?? bytes.length - begin));
    delete tensor.externalData;
    delete tensor.dataLocation;
  };
  model.graph?.initializer.forEach(read);
  return model;
}

/** Operators of networks that compute with integers. DequantizeLinear alone is for weights that are stored in fewer bits. */
const ofIntegers = new Set([
  'QuantizeLinear',
  'DynamicQuantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
]);

function describe(path: string, model: ModelProto, given: readonly number[] | undefined): FloatModel {
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) throw new TypeError(`${path}: no ONNX model: it has no graph`);
  const done = graph.node.find(({ opType }) => ofIntegers.has(opType));
  if (done !== undefined)
    throw new TypeError(`${path} is quantized already: it has ${done.opType}. Give the network in float`);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  const [[input, ...others], [output]] = [inputs, graph.output];
  const dims = input?.type.tensorType.shape?.dim.map(({ dimValue = 0 }) => dimValue) ?? [];
  const images = imageLayout(dims);
  if (input === undefined || output === undefined || images === null || others.length > 0)
    throw new TypeError(`${path} takes no single batch of images with 1, 3 or 4 channels`);
  const { elemType } = input.type.tensorType;
  const type = elemType === dataTypes.float32 ? 'float32' : elemType === dataTypes.uint8 ? 'uint8' : null;
  if (type === null) throw new TypeError(`${path} takes images of another type than float32 and uint8`);
  const shape = images.shape.map((size, axis) => size || (given?.[axis] ?? 0));
  if (shape.includes(0))
    throw new RangeError(`${path} takes images of any size: say which with { inputShape: [height, width, channels] }`);
  const [batch = 0] = dims;
  const outputShape = (output.type.tensorType.shape?.dim ?? [])
    .slice(1)
    .map(({ dimValue = 1 }) => Math.max(1, dimValue));
  return {
    model: { ...model, graph },
    signature: {
      model: basename(path).replace(/\.onnx$/i, ''),
      input: input.name,
      output: output.name,
      inputShape: shape,
      outputShape,
      batchSize: batch > 0 ? batch : null,
      layout: images.layout,
      type,
    },
  };
}
