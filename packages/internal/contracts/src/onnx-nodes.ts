/** The nodes of an .onnx file, read from its bytes: as much of protobuf as that takes. */

export interface CompiledNode {
  /** ONNX's operator. */
  readonly type: string;
  /** The operation of tfjs for which the node was made. */
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const lengthDelimited = 2;

/** The fields of a message that are messages, texts or bytes: number and content. */
function* fieldsOf(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const key = varint();
    const wireType = key & 7;
    if (wireType === lengthDelimited) {
      const length = varint();
      yield [key >> 3, bytes.subarray(position, position + length)];
      position += length;
    } else if (wireType === 0) varint();
    else position += wireType === 5 ? 4 : 8;
  }
}

/** Numbers of the fields in onnx.proto. */
const field = { graphOfModel: 7, nodeOfGraph: 1, inputOfNode: 1, outputOfNode: 2, nameOfNode: 3, operatorOfNode: 4 };

export function nodesOfModel(model: Uint8Array): CompiledNode[] {
  const text = new TextDecoder();
  const nodes: CompiledNode[] = [];
  for (const [part, graph] of fieldsOf(model)) {
    if (part !== field.graphOfModel) continue;
    for (const [kind, node] of fieldsOf(graph)) {
      if (kind !== field.nodeOfGraph) continue;
      const fields = [...fieldsOf(node)];
      const textsOf = (number: number) =>
        fields.filter(([key]) => key === number).map(([, bytes]) => text.decode(bytes));
      const [type = ''] = textsOf(field.operatorOfNode);
      const [name = ''] = textsOf(field.nameOfNode);
      const [inputs, outputs] = [textsOf(field.inputOfNode), textsOf(field.outputOfNode)];
      nodes.push({ type, operation: name.replace(/[#/].*/, ''), inputs, outputs });
    }
  }
  return nodes;
}
