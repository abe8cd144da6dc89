export { imageLayout } from './image-layout.js';
export {
  type AttributeProto,
  type AttributeValue,
  attributeProto,
  dataTypes,
  decodeModel,
  encodeModelProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type StringEntry,
  type TensorProto,
  type TypeProto,
  type ValueInfoProto,
} from './model.js';
