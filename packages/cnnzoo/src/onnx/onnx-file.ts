/** ONNX files: the part of onnx.proto that tells which layers a network has and what its weights are. */
import { nodeModule } from '@cnnzoo/files';
import protobuf from 'protobufjs';

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType: 1 float32, 7 int64. */
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
}

export interface OnnxAttribute {
  readonly name: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly ints?: readonly number[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxValue {
  readonly name: string;
  /** As in 'float32'. */
  readonly type: string;
  /** 0 or less where the size is open. */
  readonly shape: readonly number[];
}

export interface OnnxFile {
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly weights: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** What the file says of itself, by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An excerpt of onnx.proto. */
const schema = `
  syntax = "proto3";
  message StringStringEntryProto { string key = 1; string value = 2; }
  message TensorProto {
    repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int64 int64_data = 7;
    string name = 8; bytes raw_data = 9; repeated StringStringEntryProto external_data = 13;
  }
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; repeated int64 ints = 8;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message Dimension { int64 dim_value = 1; }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message ModelProto {
    GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; repeated StringStringEntryProto metadata_props = 14;
  }
`;

interface RawValue {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim: readonly { readonly dimValue?: number }[] };
    };
  };
}

interface RawModel {
  readonly metadataProps: readonly { readonly key: string; readonly value?: string }[];
  readonly opsetImport: readonly { readonly domain?: string; readonly version: number }[];
  readonly graph?: {
    readonly node: readonly OnnxNode[];
    readonly initializer: readonly OnnxTensor[];
    readonly input: readonly RawValue[];
    readonly output: readonly RawValue[];
  };
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
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const value = ({ name, type }: RawValue): OnnxValue => ({
    name,
    type: elementTypes[type?.tensorType?.elemType ?? 0] ?? 'unknown',
    shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue = 0 }) => dimValue),
  });
  return {
    opset: opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0,
    nodes: graph.node,
    weights,
    // Old files list their weights among the inputs.
    inputs: graph.input.filter(({ name }) => !weights.has(name)).map(value),
    outputs: graph.output.map(value),
    metadata: Object.fromEntries(metadataProps.map(({ key, value: text = '' }) => [key, text])),
  };
}

function decoded(file: string, bytes: Uint8Array): RawModel {
  const type = protobuf.parse(schema).root.lookupType('ModelProto');
  try {
    const message = type.decode(bytes);
    return type.toObject(message, { longs: Number, arrays: true }) as RawModel;
  } catch (cause) {
    throw new TypeError(`${file}: no ONNX model: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Height, width and channels of the images that an input takes, in whichever order the file has them: few channels tell which axis they are.
 * Sizes that the file leaves open are 0.
 * @returns null where it takes no images
 */
export function imageLayout({ shape }: OnnxValue): { layout: 'NHWC' | 'NCHW'; shape: [number, number, number] } | null {
  const [, a = 0, b = 0, c = 0] = shape;
  const few = (size: number) => size >= 1 && size <= 4;
  if (shape.length !== 4 || !(few(a) || few(c))) return null;
  const sizes = (...found: [number, number, number]) =>
    found.map((size) => Math.max(0, size)) as [number, number, number];
  return few(c) && !few(a) ? { layout: 'NHWC', shape: sizes(a, b, c) } : { layout: 'NCHW', shape: sizes(b, c, a) };
}

/** The whole numbers of a small tensor, such as the shape that a Reshape makes. */
export function wholeNumbers({ dataType, int64Data = [], rawData }: OnnxTensor): readonly number[] {
  if (int64Data.length > 0) return int64Data;
  if (rawData === undefined || dataType !== 7) return [];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}
