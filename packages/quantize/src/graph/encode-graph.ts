/** A graph as the bytes of an .onnx file. */
import { encodeModelProto, type GraphProto, type StringEntry } from '@cnnzoo/onnx-format';

/** The version of the file format that came with version 17 of the operators, and those after it. */
const irVersionOf = (opset: number) => (opset <= 18 ? 8 : opset <= 20 ? 9 : 10);

export function encodeGraph(graph: GraphProto, opset: number, metadataProps: readonly StringEntry[] = []): Uint8Array {
  return encodeModelProto({
    irVersion: irVersionOf(opset),
    producerName: 'cnnzoo',
    graph,
    opsetImport: [{ domain: '', version: opset }],
    metadataProps,
  });
}
