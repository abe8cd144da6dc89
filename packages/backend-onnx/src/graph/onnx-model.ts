/** The models that the engine writes. */
import {
  type AttributeProto,
  type AttributeValue,
  attributeProto,
  encodeModelProto,
  type GraphProto,
  type NodeProto,
  type StringEntry,
  type TensorProto,
  type ValueInfoProto,
} from '@cnnzoo/onnx-format';

export type { AttributeProto, AttributeValue, GraphProto, NodeProto, StringEntry, TensorProto, ValueInfoProto };
export { attributeProto };

/** TensorProto.DataType. */
export const onnxType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11, bfloat16: 16 } as const;
export type OnnxType = keyof typeof onnxType;

/** A part of a graph as bytes that may stand before those of a model: protobuf merges messages that follow each other. */
export function encodePart(part: Omit<GraphProto, 'name' | 'input'>): Uint8Array {
  return encodeModelProto({ graph: part });
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
  return encodeModelProto({
    irVersion: irVersions[opset],
    producerName: 'cnnzoo',
    docString,
    graph,
    opsetImport: [{ domain: '', version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}
