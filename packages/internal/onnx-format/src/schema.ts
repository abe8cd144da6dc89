/** The messages of onnx.proto (ONNX 1.22), but for training, functions, sequences and maps, as protobufjs reads them. */
import protobuf from 'protobufjs/light.js';

type Rule = 'repeated' | 'required';
const field = (type: string, id: number, rule?: Rule) => (rule ? { type, id, rule } : { type, id });
const many = (type: string, id: number) => field(type, id, 'repeated');

const schema = {
  nested: {
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('TensorProto', 5),
        g: field('GraphProto', 6),
        floats: many('float', 7),
        ints: many('int64', 8),
        strings: many('bytes', 9),
        tensors: many('TensorProto', 10),
        graphs: many('GraphProto', 11),
        docString: field('string', 13),
        type: field('int32', 20),
        refAttrName: field('string', 21),
      },
    },
    NodeProto: {
      fields: {
        input: many('string', 1),
        output: many('string', 2),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: many('AttributeProto', 5),
        docString: field('string', 6),
        domain: field('string', 7),
        metadataProps: many('StringStringEntryProto', 9),
      },
    },
    TensorProto: {
      fields: {
        dims: many('int64', 1),
        dataType: field('int32', 2),
        floatData: many('float', 4),
        int32Data: many('int32', 5),
        stringData: many('bytes', 6),
        int64Data: many('int64', 7),
        name: field('string', 8),
        rawData: field('bytes', 9),
        doubleData: many('double', 10),
        uint64Data: many('uint64', 11),
        docString: field('string', 12),
        externalData: many('StringStringEntryProto', 13),
        dataLocation: field('int32', 14),
      },
    },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    Dimension: {
      fields: { dimValue: field('int64', 1), dimParam: field('string', 2), denotation: field('string', 3) },
    },
    TensorShapeProto: { fields: { dim: many('Dimension', 1) } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TensorType', 1), denotation: field('string', 6) } },
    ValueInfoProto: {
      fields: { name: field('string', 1), type: field('TypeProto', 2), docString: field('string', 3) },
    },
    GraphProto: {
      fields: {
        node: many('NodeProto', 1),
        name: field('string', 2),
        initializer: many('TensorProto', 5),
        docString: field('string', 10),
        input: many('ValueInfoProto', 11),
        output: many('ValueInfoProto', 12),
        valueInfo: many('ValueInfoProto', 13),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        producerVersion: field('string', 3),
        domain: field('string', 4),
        modelVersion: field('int64', 5),
        docString: field('string', 6),
        graph: field('GraphProto', 7),
        opsetImport: many('OperatorSetIdProto', 8),
        metadataProps: many('StringStringEntryProto', 14),
      },
    },
  },
};

let modelProto: protobuf.Type | null = null;

/** The message that a file is, made when it is first needed. */
export function modelType(): protobuf.Type {
  modelProto ??= protobuf.Root.fromJSON(schema).lookupType('ModelProto');
  return modelProto;
}
