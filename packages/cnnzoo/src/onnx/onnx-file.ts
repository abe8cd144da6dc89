/** ONNX files: the part of onnx.proto that tells which layers a network has and what its weights are. */
import { nodeModule } from '@cnnzoo/files';
import {
  decodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '@cnnzoo/onnx-format';

export interface OnnxValue {
  readonly name: string;
  /** As in 'float32'. */
  readonly type: string;
  /** 0 or less where the size is open. */
  readonly shape: readonly number[];
}

export interface OnnxFile {
  readonly opset: number;
  /** Without those that only make a weight of another type float32. */
  readonly nodes: readonly NodeProto[];
  /** By the names by which nodes read them: a weight that the file has in fewer bits has the name of what becomes of it. */
  readonly weights: ReadonlyMap<string, TensorProto>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** What the file says of itself, by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** TensorProto.DataType, as far as images and classes have them. */
const elementTypes: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
  11: 'float64',
};

/** @throws TypeError naming the file where it is no ONNX model, and errors of the file system */
export async function readOnnxFile(file: string): Promise<OnnxFile> {
  const bytes = await nodeModule('node:fs/promises').readFile(file);
  const model = decoded(file, bytes);
  const { graph, opsetImport, metadataProps } = model;
  if (graph === undefined || graph.node.length === 0) throw new TypeError(`${file}: no ONNX model: it has no graph`);
  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const { nodes, weights } = widened(graph.node, stored);
  const value = ({ name, type }: ValueInfoProto): OnnxValue => ({
    name,
    type: elementTypes[type?.tensorType?.elemType ?? 0] ?? 'unknown',
    shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue = 0 }) => dimValue),
  });
  return {
    opset: opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0,
    nodes,
    weights,
    // Old files list their weights among the inputs.
    inputs: graph.input.filter(({ name }) => !stored.has(name)).map(value),
    outputs: graph.output.map(value),
    metadata: Object.fromEntries(metadataProps.map(({ key, value: text }) => [key, text])),
  };
}

const makesFloats = new Set(['Cast', 'DequantizeLinear']);

function widened(
  all: readonly NodeProto[],
  stored: ReadonlyMap<string, TensorProto>,
): { nodes: readonly NodeProto[]; weights: Map<string, TensorProto> } {
  const weights = new Map(stored);
  const nodes = all.filter(({ opType, input: [from = ''], output: [name = ''] }) => {
    const tensor = makesFloats.has(opType) ? stored.get(from) : undefined;
    if (tensor === undefined) return true;
    weights.delete(from);
    weights.set(name, { ...tensor, name });
    return false;
  });
  return { nodes, weights };
}

function decoded(file: string, bytes: Uint8Array): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    throw new TypeError(`${file}: no ONNX model: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The whole numbers of a small tensor, such as the shape that a Reshape makes. */
export function wholeNumbers({ dataType, int64Data = [], rawData }: TensorProto): readonly number[] {
  if (int64Data.length > 0) return int64Data;
  if (rawData === undefined || dataType !== 7) return [];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}
