/** A model as files of another program's format. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ExportOnnxOptions } from '@cnnzoo/backend-onnx';
import { weightsAsFloat16, writeAtomically } from '@cnnzoo/files';
import { readMetadata } from '@cnnzoo/metadata';
import type { StateDict } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OnnxValue } from '../../onnx/onnx-file.js';
import type { TensorDescription } from './tensor-description.js';
import { writeTritonRepository } from './triton-repository.js';

export const formats = ['onnx', 'safetensors', 'torch', 'python', 'tfjs', 'triton'] as const;
export type Format = (typeof formats)[number];

export interface WrittenModel {
  readonly format: Format;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly opset: number | null;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

interface WriteOptions {
  readonly format: Format | undefined;
  readonly onnx: ExportOnnxOptions & { readonly externalData?: boolean };
  /** Whether weights take two bytes, where the format can have that. */
  readonly float16?: boolean;
}

const withFloat16: readonly Format[] = ['onnx', 'triton', 'safetensors'];

export async function writeModel(model: LayersModel, path: string, options: WriteOptions): Promise<WrittenModel> {
  const format = options.format ?? formatOf(path);
  if (!['onnx', 'triton'].includes(format) && Object.keys(options.onnx).length > 0)
    throw new TypeError(`--${Object.keys(options.onnx)[0]} is for ONNX, and ${path} is to be ${format}`);
  if (options.float16 === true && !withFloat16.includes(format))
    throw new TypeError(`--float16 is for ONNX and safetensors, and ${path} is to be ${format}`);
  await checkParent(path);
  const { files, ...facts } = await write[format](model, path, options);
  const sizes = files.map(async (file) => ({ path: file, bytes: (await stat(file)).size }));
  return { format, files: await Promise.all(sizes), opset: null, inputs: [], outputs: [], ...facts };
}

export function formatOf(path: string): Format {
  if (/\.onnx$/i.test(path)) return 'onnx';
  if (/\.(pth|pt)$/i.test(path)) return 'torch';
  return /\.safetensors$/i.test(path) ? 'safetensors' : 'tfjs';
}

/** Errors of the file system name the temporary file that is written first, and not the folder that is missing. */
export async function checkParent(path: string): Promise<void> {
  const folder = dirname(path);
  const found = await stat(folder).catch(() => null);
  if (found === null) throw new Error(`there is no folder ${folder} to write ${basename(path)} to`);
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
}

type Written = Partial<Pick<WrittenModel, 'opset' | 'inputs' | 'outputs'>> & { readonly files: readonly string[] };

const write: Readonly<Record<Format, (model: LayersModel, path: string, options: WriteOptions) => Promise<Written>>> = {
  async onnx(model, path, options) {
    const { writeOnnx } = await import('@cnnzoo/backend-onnx');
    const files = await writeOnnx(model, path, onnxOptions(options));
    return { files, ...(await describeOnnx(path)) };
  },
  async safetensors(model, path, { float16 }) {
    const { stateDict, writeSafetensors } = await import('@cnnzoo/weights');
    const weights = stateDict(model);
    await writeAtomically(path, writeSafetensors(float16 === true ? inFloat16(weights) : weights));
    return { files: [path] };
  },
  async torch(model, path) {
    const [{ stateDict }, { writeTorchFile }] = await Promise.all([
      import('@cnnzoo/weights'),
      import('./torch-file.js'),
    ]);
    await writeTorchFile(path, stateDict(model));
    return { files: [path] };
  },
  async python(model, path) {
    const { writeTorch } = await import('@cnnzoo/handover');
    return { files: await writeTorch(model, path) };
  },
  async tfjs(model, path) {
    const { layersModelFolder } = await import('@cnnzoo/weights');
    await model.save(layersModelFolder(path));
    return { files: [join(path, 'model.json'), join(path, 'weights.bin')] };
  },
  async triton(model, path, options) {
    const { id, categories, preprocessing } = readMetadata(model);
    const name = id ?? model.name;
    await mkdir(join(path, name, '1'), { recursive: true });
    const { writeOnnx } = await import('@cnnzoo/backend-onnx');
    const file = join(path, name, '1', 'model.onnx');
    // A client of the server sends pixels: what they are normalized by is the model's own affair.
    const written = await writeOnnx(model, file, {
      preprocessing: preprocessing !== undefined,
      ...onnxOptions(options),
    });
    const facts = await describeOnnx(file);
    const layout = options.onnx.layout ?? 'NHWC';
    const more = await writeTritonRepository(join(path, name), {
      name,
      layout,
      categories: categories ?? null,
      ...facts,
    });
    return { files: [...written, ...more], ...facts };
  },
};

const onnxOptions = ({ onnx, float16 }: WriteOptions) => ({
  ...onnx,
  ...(float16 === true && { weights: 'float16' as const }),
});

/** As in ONNX files, vectors and what half floats have no room for stay. */
function inFloat16(weights: StateDict): StateDict {
  return new Map(
    [...weights].map(([name, tensor]) => {
      const { dtype, shape, data } = tensor;
      const halves = dtype === 'F32' && shape.length > 1 && data instanceof Float32Array && weightsAsFloat16(data);
      return [name, halves ? { ...tensor, dtype: 'F16' } : tensor];
    }),
  );
}

/** What the file that was written says of itself. */
export async function describeOnnx(
  file: string,
): Promise<Required<Pick<WrittenModel, 'opset' | 'inputs' | 'outputs'>>> {
  const { readOnnxFile } = await import('../../onnx/onnx-file.js');
  const { opset, inputs, outputs } = await readOnnxFile(file);
  const tensor = (value: OnnxValue): TensorDescription => ({
    ...value,
    shape: value.shape.map((size) => (size > 0 ? size : -1)),
  });
  return { opset, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}
