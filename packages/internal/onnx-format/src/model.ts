/** An ONNX model as plain objects, with the names of onnx.proto. */
import { modelType } from './schema.js';

/** TensorProto.DataType. */
export const dataTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  docString?: string;
  graph?: GraphProto;
  opsetImport: { domain?: string; version: number }[];
  metadataProps: StringEntry[];
}

export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
  attribute: AttributeProto[];
}

export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: readonly number[];
  ints?: readonly number[];
}

export interface TensorProto {
  name: string;
  dims: readonly number[];
  dataType: number;
  /** Absent where `externalData` says in which file the bytes are. */
  rawData?: Uint8Array | undefined;
  floatData?: readonly number[];
  int32Data?: readonly number[];
  int64Data?: readonly number[];
  externalData?: readonly StringEntry[];
  /** 1 for external data. */
  dataLocation?: number;
}

export interface StringEntry {
  key: string;
  value: string;
}

export interface ValueInfoProto {
  name: string;
  type: TypeProto;
}

export interface TypeProto {
  tensorType: { elemType: number; shape: { dim: { dimValue?: number; dimParam?: string }[] } };
}

/** A number is an ONNX int; a float is wrapped, because JavaScript cannot tell 1 from 1.0. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

const attributeType = { float: 1, int: 2, string: 3, ints: 7 };

export function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeType.int, i: value };
  if (typeof value === 'string') return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: attributeType.float, f: value.float };
  return { name, type: attributeType.ints, ints: value };
}

/** @throws Error of protobufjs where the bytes are no message */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const type = modelType();
  const model = type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as ModelProto;
  // Texts that are empty are not written, but everyone compares them.
  for (const node of model.graph?.node ?? []) {
    node.name ??= '';
    node.domain ??= '';
  }
  return model;
}

/** @param model or a part of one: protobuf merges messages that follow each other */
export function encodeModelProto(model: object): Uint8Array {
  return modelType().encode(model).finish();
}
