/** The part of onnx.proto (ONNX 1.12, opset 17) that the engine writes, and its encoding with protobufjs. */
import protobuf from 'protobufjs/light.js';

/** TensorProto.DataType. */
export const onnxType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11, bfloat16: 16 } as const;
export type OnnxType = keyof typeof onnxType;

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
  floats?: readonly number[];
  ints?: readonly number[];
}

export interface TensorProto {
  name: string;
  dims: readonly number[];
  dataType: number;
  /** Absent where `externalData` says in which file the bytes are. */
  rawData?: Uint8Array | undefined;
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
  type: { tensorType: { elemType: number; shape: { dim: { dimValue?: number; dimParam?: string }[] } } };
}

export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
}

const field = (type: string, id: number, rule?: 'repeated') => (rule ? { type, id, rule } : { type, id });

const schema = {
  nested: {
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        floats: field('float', 7, 'repeated'),
        ints: field('int64', 8, 'repeated'),
        type: field('int32', 20),
      },
    },
    NodeProto: {
      fields: {
        input: field('string', 1, 'repeated'),
        output: field('string', 2, 'repeated'),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('AttributeProto', 5, 'repeated'),
        domain: field('string', 7),
      },
    },
    TensorProto: {
      fields: {
        dims: field('int64', 1, 'repeated'),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
        externalData: field('StringStringEntryProto', 13, 'repeated'),
        dataLocation: field('int32', 14),
      },
    },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } },
    TensorShapeProto: { fields: { dim: field('Dimension', 1, 'repeated') } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TensorType', 1) } },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    GraphProto: {
      fields: {
        node: field('NodeProto', 1, 'repeated'),
        name: field('string', 2),
        initializer: field('TensorProto', 5, 'repeated'),
        input: field('ValueInfoProto', 11, 'repeated'),
        output: field('ValueInfoProto', 12, 'repeated'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        docString: field('string', 6),
        graph: field('GraphProto', 7),
        opsetImport: field('OperatorSetIdProto', 8, 'repeated'),
        metadataProps: field('StringStringEntryProto', 14, 'repeated'),
      },
    },
  },
};

/** A number is an ONNX int; a float is wrapped, because JavaScript cannot tell 1 from 1.0. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

const attributeType = { float: 1, int: 2, string: 3, ints: 7 };

export function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeType.int, i: value };
  if (typeof value === 'string') return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: attributeType.float, f: value.float };
  return { name, type: attributeType.ints, ints: value };
}

let modelProto: protobuf.Type | null = null;

function modelType(): protobuf.Type {
  modelProto ??= protobuf.Root.fromJSON(schema).lookupType('ModelProto');
  return modelProto;
}

/** A part of a graph as bytes that may stand before those of a model: protobuf merges messages that follow each other. */
export function encodePart(part: Omit<GraphProto, 'name' | 'input'>): Uint8Array {
  return modelType().encode({ graph: part }).finish();
}

/** The version of the file format that came with a version of the operators. */
const irVersions: Readonly<Record<number, number>> = { 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10 };

/** Versions of ONNX's operators in which graphs can be written. */
export const opsets: readonly number[] = Object.keys(irVersions).map(Number);

export interface FileDescription {
  /** One of `opsets`, the one for which the graph was built. */
  readonly opset: number;
  readonly docString: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Encodes a graph as the bytes of an .onnx file.
 * @param domains operator sets besides ONNX's own that the graph uses
 */
export function encodeModel(
  graph: GraphProto,
  domains: readonly string[],
  { opset, docString, metadata }: FileDescription = { opset: 17, docString: '', metadata: {} },
): Uint8Array {
  return modelType()
    .encode({
      irVersion: irVersions[opset],
      producerName: 'cnnzoo',
      docString,
      graph,
      opsetImport: [{ domain: '', version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    })
    .finish();
}
