/** The weights of an ONNX file by their names in it, which are PyTorch's where PyTorch has exported it. */
import { fromFloat16, nodeModule } from '@cnnzoo/files';
import { dataTypes, type NodeProto, type TensorProto } from '@cnnzoo/onnx-format';
import { type StateDict, stateDict } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { readOnnxFile } from './onnx-file.js';

/** What an ONNX file holds for a network. */
export interface OnnxWeights {
  /** In PyTorch's layout, by the names in the file, in the order in which the graph reads them. */
  readonly dict: StateDict;
  /** Whether each layer follows the one before it, in PyTorch's order of axes: then the order alone says of which layer a weight is. */
  readonly isChain: boolean;
}

/**
 * The same weights with the names of a network. A file that has none of its names may still be of it: exporters other than PyTorch's give their
 * own names. Where both are chains of layers, the weights are matched in order, if every shape is right.
 */
export function namedFor(model: LayersModel, { dict, isChain }: OnnxWeights): StateDict {
  const wanted = [...stateDict(model)];
  const isPlain = model.layers.every(({ inboundNodes: [node] }) => (node?.inputTensors.length ?? 0) < 2);
  const given = [...dict];
  const fits =
    isChain &&
    isPlain &&
    given.length === wanted.length &&
    wanted.every(([name, { shape }], i) => !dict.has(name) && String(shape) === String(given[i]?.[1].shape));
  return fits ? new Map(given.map(([, tensor], i) => [wanted[i]?.[0] ?? '', tensor])) : dict;
}

/** @throws TypeError naming the file and what cannot be read */
export async function readOnnxWeights(file: string): Promise<OnnxWeights> {
  const { nodes: all, weights: stored } = await readOnnxFile(file);
  // PyTorch writes equal weights once, and names the others by a node that does nothing.
  const isAlias = ({ opType, input: [from = ''] }: NodeProto) => opType === 'Identity' && stored.has(from);
  const nodes = all.filter((node) => !isAlias(node));
  const weights = new Map(stored);
  for (const { input, output } of all.filter(isAlias)) {
    const [from = '', name = ''] = [input[0], output[0]];
    const tensor = stored.get(from);
    if (tensor !== undefined) weights.set(name, tensor);
    if (!nodes.some((node) => node.input.includes(from))) weights.delete(from);
  }
  const dict = await onnxStateDict(file, nodes, weights);
  const read = nodes.flatMap(({ input }) => input).filter((name) => dict.has(name));
  const columns = new Set(nodes.filter(isColumnwise).map(({ input }) => input[1] ?? ''));
  const inOrder: StateDict = new Map();
  for (const name of new Set([...read, ...dict.keys()])) {
    const tensor = dict.get(name);
    if (tensor !== undefined) inOrder.set(name, columns.has(name) ? transposed(tensor) : tensor);
  }
  const isChain = nodes.every(
    ({ opType, input }) =>
      opType !== 'Transpose' && input.filter((name) => name !== '' && !weights.has(name)).length < 2,
  );
  return { dict: inOrder, isChain };
}

/** Whether it multiplies by a weight [inputs, outputs]; PyTorch's are [outputs, inputs]. */
function isColumnwise({ opType, attribute }: NodeProto): boolean {
  return opType === 'MatMul' || (opType === 'Gemm' && (attribute.find(({ name }) => name === 'transB')?.i ?? 0) === 0);
}

type Tensor = StateDict extends Map<string, infer T> ? T : never;

function transposed(tensor: Tensor): Tensor {
  const [rows = 0, columns = 0] = tensor.shape;
  if (tensor.shape.length !== 2) return tensor;
  const { data: values } = tensor;
  const data = Float32Array.from({ length: rows * columns }, (_, i) =>
    Number(values[(i % rows) * columns + Math.floor(i / rows)]),
  );
  return { shape: [columns, rows], dtype: 'F32', data };
}

async function onnxStateDict(
  file: string,
  nodes: readonly NodeProto[],
  weights: ReadonlyMap<string, TensorProto>,
): Promise<StateDict> {
  if (nodes.some(({ opType }) => opType === 'QuantizeLinear'))
    throw new TypeError(`${file} is quantized: its weights are integers. Convert the file of the network in float`);
  const dict: StateDict = new Map();
  const apart = new Map<string, Uint8Array>();
  for (const [name, tensor] of weights) {
    // Whole numbers are shapes and axes, not weights.
    if (tensor.dataType !== dataTypes.float32 && tensor.dataType !== dataTypes.float16) continue;
    const bytes = tensor.externalData?.length ? await external(file, tensor, apart) : tensor.rawData;
    const data = bytes === undefined || bytes.length === 0 ? inside(tensor) : floats(bytes, tensor.dataType);
    const length = tensor.dims.reduce((product, size) => product * size, 1);
    if (data.length !== length)
      throw new TypeError(`${file}: the weight ${name} has ${data.length} numbers, expected ${length}`);
    dict.set(name, { shape: tensor.dims, dtype: 'F32', data });
  }
  if (dict.size === 0) throw new TypeError(`${file}: it has no weights of floats`);
  return dict;
}

function inside({ dataType, floatData = [], int32Data = [] }: TensorProto): Float32Array {
  return dataType === dataTypes.float16 ? fromFloat16(Uint16Array.from(int32Data)) : Float32Array.from(floatData);
}

/** In a file beside it, which must be there: a model of others does not read elsewhere on this disk. */
async function external(
  file: string,
  { name, externalData = [] }: TensorProto,
  files: Map<string, Uint8Array>,
): Promise<Uint8Array> {
  const value = (key: string) => externalData.find((entry) => entry.key === key)?.value;
  const { dirname, resolve, sep } = nodeModule('node:path');
  const folder = resolve(dirname(file));
  const path = resolve(folder, value('location') ?? '');
  if (!path.startsWith(`${folder}${sep}`))
    throw new TypeError(`${file}: the weight ${name} is in ${path}, outside of its folder`);
  const bytes = files.get(path) ?? (await nodeModule('node:fs/promises').readFile(path));
  files.set(path, bytes);
  const begin = Number(value('offset') ?? 0);
  const length = Number(value('length') ?? bytes.length - begin);
  return bytes.subarray(begin, begin + length);
}

function floats(bytes: Uint8Array, dataType: number): Float32Array {
  // A copy: the bytes of a message begin anywhere.
  const { buffer, byteLength } = Uint8Array.from(bytes);
  return dataType === dataTypes.float16
    ? fromFloat16(new Uint16Array(buffer, 0, Math.floor(byteLength / 2)))
    : new Float32Array(buffer, 0, Math.floor(byteLength / 4));
}
