/** The weights of an ONNX file by their names in it, which are PyTorch's where PyTorch has exported it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { TensorProto } from '@cnnzoo/onnx-format';
import type { StateDict } from '@cnnzoo/weights';
import { readOnnxFile } from '../../onnx/onnx-file.js';

/** @throws TypeError naming the file and what cannot be read */
export async function onnxStateDict(file: string): Promise<StateDict> {
  const { weights } = await readOnnxFile(file);
  const dict: StateDict = new Map();
  const apart = new Map<string, Uint8Array>();
  for (const [name, tensor] of weights) {
    // Whole numbers are shapes and axes, not weights.
    if (tensor.dataType !== 1) continue;
    const data = tensor.externalData?.length ? await external(file, tensor, apart) : inside(tensor);
    const length = tensor.dims.reduce((product, size) => product * size, 1);
    if (data.length !== length)
      throw new TypeError(`${file}: the weight ${name} has ${data.length} numbers, expected ${length}`);
    dict.set(name, { shape: tensor.dims, dtype: 'F32', data });
  }
  if (dict.size === 0) throw new TypeError(`${file}: it has no weights in float32`);
  return dict;
}

function inside({ rawData, floatData = [] }: TensorProto): Float32Array {
  return rawData === undefined || rawData.length === 0 ? Float32Array.from(floatData) : floats(rawData);
}

/** In a file beside it, which must be there: a model of others does not read elsewhere on this disk. */
async function external(file: string, { name, externalData = [] }: TensorProto, files: Map<string, Uint8Array>) {
  const value = (key: string) => externalData.find((entry) => entry.key === key)?.value;
  const folder = resolve(dirname(file));
  const path = resolve(folder, value('location') ?? '');
  if (!path.startsWith(`${folder}${sep}`))
    throw new TypeError(`${file}: the weight ${name} is in ${path}, outside of its folder`);
  const bytes = files.get(path) ?? (await readFile(path));
  files.set(path, bytes);
  const begin = Number(value('offset') ?? 0);
  const length = Number(value('length') ?? bytes.length - begin);
  return floats(bytes.subarray(begin, begin + length));
}

function floats(bytes: Uint8Array): Float32Array {
  // A copy: the bytes of a message begin anywhere.
  return new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.length / 4));
}
