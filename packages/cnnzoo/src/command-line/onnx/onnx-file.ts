/** ONNX files: the part of onnx.proto that tells which layers a network has and what its weights are. */
import { readFile } from 'node:fs/promises';
import protobuf from 'protobufjs/light.js';

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
}

const field = (type: string, id: number, rule?: 'repeated') => (rule ? { type, id, rule } : { type, id });

const schema = {
  nested: {
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    TensorProto: {
      fields: {
        dims: field('int64', 1, 'repeated'),
        dataType: field('int32', 2),
        floatData: field('float', 4, 'repeated'),
        int64Data: field('int64', 7, 'repeated'),
        name: field('string', 8),
        rawData: field('bytes', 9),
        externalData: field('StringStringEntryProto', 13, 'repeated'),
      },
    },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('TensorProto', 5),
        ints: field('int64', 8, 'repeated'),
      },
    },
    NodeProto: {
      fields: {
        input: field('string', 1, 'repeated'),
        output: field('string', 2, 'repeated'),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('AttributeProto', 5, 'repeated'),
      },
    },
    Dimension: { fields: { dimValue: field('int64', 1) } },
    TensorShapeProto: { fields: { dim: field('Dimension', 1, 'repeated') } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TensorType', 1) } },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    GraphProto: {
      fields: {
        node: field('NodeProto', 1, 'repeated'),
        initializer: field('TensorProto', 5, 'repeated'),
        input: field('ValueInfoProto', 11, 'repeated'),
        output: field('ValueInfoProto', 12, 'repeated'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    ModelProto: {
      fields: { graph: field('GraphProto', 7), opsetImport: field('OperatorSetIdProto', 8, 'repeated') },
    },
  },
};

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
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
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
  const bytes = await readFile(file);
  const model = decoded(file, bytes);
  const { graph, opsetImport } = model;
  if (graph === undefined || graph.node.length === 0) throw new TypeError(`${file}: no ONNX model: it has no graph`);
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const value = ({ name, type }: RawValue): OnnxValue => ({
    name,
    type: elementTypes[type?.tensorType?.elemType ?? 0] ?? 'unknown',
    shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue = 0 }) => dimValue),
  });
  return {
    opset: opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0,
    nodes: graph.node,
    weights,
    // Old files list their weights among the inputs.
    inputs: graph.input.filter(({ name }) => !weights.has(name)).map(value),
    outputs: graph.output.map(value),
  };
}

function decoded(file: string, bytes: Uint8Array): RawModel {
  const type = protobuf.Root.fromJSON(schema).lookupType('ModelProto');
  try {
    const message = type.decode(bytes);
    return type.toObject(message, { longs: Number, arrays: true }) as RawModel;
  } catch (cause) {
    throw new TypeError(`${file}: no ONNX model: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The whole numbers of a small tensor, such as the shape that a Reshape makes. */
export function wholeNumbers({ dataType, int64Data = [], rawData }: OnnxTensor): readonly number[] {
  if (int64Data.length > 0) return int64Data;
  if (rawData === undefined || dataType !== 7) return [];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}
