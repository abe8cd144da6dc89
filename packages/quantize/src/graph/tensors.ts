/** Constants of a graph as arrays, and arrays as constants. */
import { fromFloat16 } from '@cnnzoo/files';
import { dataTypes, type TensorProto } from '@cnnzoo/onnx-format';

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** The values of a float32 constant; null for another type. */
export function floatsOf({ dataType, rawData, floatData = [] }: TensorProto): Float32Array | null {
  if (dataType !== dataTypes.float32) return null;
  if (rawData === undefined || rawData.length === 0) return Float32Array.from(floatData);
  // The bytes of a message begin anywhere.
  const { buffer, byteOffset, byteLength } = rawData.byteOffset % 4 === 0 ? rawData : Uint8Array.from(rawData);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** The values of a float16 constant. */
export function widened({ rawData, int32Data = [] }: TensorProto): Float32Array {
  if (rawData === undefined || rawData.length === 0) return fromFloat16(Uint16Array.from(int32Data));
  return fromFloat16(new Uint16Array(Uint8Array.from(rawData).buffer));
}

/** The values of a small int64 constant; null for another type. */
export function wholeNumbersOf({ dataType, rawData, int64Data = [] }: TensorProto): number[] | null {
  if (dataType !== dataTypes.int64) return null;
  if (rawData === undefined || rawData.length === 0) return [...int64Data];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

export function float32Tensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  return { name, dims, dataType: dataTypes.float32, rawData: bytesOf(values) };
}

export function int64Tensor(name: string, values: readonly number[]): TensorProto {
  const rawData = bytesOf(BigInt64Array.from(values, (value) => BigInt(value)));
  return { name, dims: [values.length], dataType: dataTypes.int64, rawData };
}

/** Of 8 or 32 bits, as the array has. */
export function integerTensor(
  name: string,
  dims: readonly number[],
  values: Int8Array | Uint8Array | Int32Array,
): TensorProto {
  const type = values instanceof Int8Array ? 'int8' : values instanceof Uint8Array ? 'uint8' : 'int32';
  return { name, dims, dataType: dataTypes[type], rawData: bytesOf(values) };
}
