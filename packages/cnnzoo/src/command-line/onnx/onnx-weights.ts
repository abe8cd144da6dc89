/** The weights of an ONNX file by their names in it, which are PyTorch's where PyTorch has exported it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { fromFloat16 } from '@cnnzoo/files';
import { dataTypes, type TensorProto } from '@cnnzoo/onnx-format';
import type { StateDict } from '@cnnzoo/weights';
import { readOnnxFile } from '../../onnx/onnx-file.js';

/** @throws TypeError naming the file and what cannot be read */
export async function onnxStateDict(file: string): Promise<StateDict> {
  const { nodes, weights } = await readOnnxFile(file);
  if (nodes.some(({ opType }) => opType === 'QuantizeLinear'))
    throw new TypeError(`${file} is quantized: its weights are integers. Convert the file of the network in float`);
  const dict: StateDict = new Map();
  const apart = new Map<string, Uint8Array>();
  for (const [name, tensor] of weights) {
    // Whole numbers are shapes and axes, not weights.
    if (tensor.dataType !== dataTypes.float32 && tensor.dataType !== dataTypes.float16) continue;
    const bytes = tensor.externalData?.length ? await external(file, tensor, apart) : tensor.rawData;
    const data = bytes === undefined || bytes.length === 0 ? inside(tensor) : floats(bytes, tensor.dataType);
    const length = tensor.dims.reduce((product, size) => product * size, 1);
    if (data.length !== length)
      throw new TypeError(`${file}: the weight ${name} has ${data.length} numbers, expected ${length}`);
    dict.set(name, { shape: tensor.dims, dtype: 'F32', data });
  }
  if (dict.size === 0) throw new TypeError(`${file}: it has no weights of floats`);
  return dict;
}

function inside({ dataType, floatData = [], int32Data = [] }: TensorProto): Float32Array {
  return dataType === dataTypes.float16 ? fromFloat16(Uint16Array.from(int32Data)) : Float32Array.from(floatData);
}

/** In a file beside it, which must be there: a model of others does not read elsewhere on this disk. */
async function external(
  file: string,
  { name, externalData = [] }: TensorProto,
  files: Map<string, Uint8Array>,
): Promise<Uint8Array> {
  const value = (key: string) => externalData.find((entry) => entry.key === key)?.value;
  const folder = resolve(dirname(file));
  const path = resolve(folder, value('location') ?? '');
  if (!path.startsWith(`${folder}${sep}`))
    throw new TypeError(`${file}: the weight ${name} is in ${path}, outside of its folder`);
  const bytes = files.get(path) ?? (await readFile(path));
  files.set(path, bytes);
  const begin = Number(value('offset') ?? 0);
  const length = Number(value('length') ?? bytes.length - begin);
  return bytes.subarray(begin, begin + length);
}

function floats(bytes: Uint8Array, dataType: number): Float32Array {
  // A copy: the bytes of a message begin anywhere.
  const { buffer, byteLength } = Uint8Array.from(bytes);
  return dataType === dataTypes.float16
    ? fromFloat16(new Uint16Array(buffer, 0, Math.floor(byteLength / 2)))
    : new Float32Array(buffer, 0, Math.floor(byteLength / 4));
}
