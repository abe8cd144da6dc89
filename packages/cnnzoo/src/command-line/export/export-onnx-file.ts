/** A published ONNX file, such as a quantized one, as a repository of the Triton Inference Server: the file stays as it is. */
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { imageLayout } from '@cnnzoo/onnx-format';
import { readOnnxFile } from '../../onnx/onnx-file.js';
import { checkParent, describeOnnx, type WrittenModel } from './export-model.js';
import { writeTritonRepository } from './triton-repository.js';

/** @throws TypeError where the file has its weights beside it, or takes no images */
export async function writeOnnxFile(file: string, path: string): Promise<WrittenModel> {
  await checkParent(path);
  const { inputs, weights, metadata } = await readOnnxFile(file);
  const layout = imageLayout(inputs[0]?.shape ?? [])?.layout;
  if (layout === undefined) throw new TypeError(`${file} takes no batch of images with 1, 3 or 4 channels`);
  if ([...weights.values()].some(({ externalData }) => externalData !== undefined && externalData.length > 0))
    throw new TypeError(`${file} has its weights in a file beside it: export it as one file`);
  const name = basename(file).replace(/\.onnx$/i, '');
  const folder = join(path, name);
  const model = join(folder, '1', 'model.onnx');
  await mkdir(join(folder, '1'), { recursive: true });
  await copyFile(file, model);
  const facts = await describeOnnx(model);
  const more = await writeTritonRepository(folder, { name, layout, categories: categoriesOf(metadata), ...facts });
  const files = [model, ...more].map(async (each) => ({ path: each, bytes: (await stat(each)).size }));
  return { format: 'triton', files: await Promise.all(files), ...facts };
}

function categoriesOf({ categories }: Readonly<Record<string, string>>): readonly string[] | null {
  try {
    const named: unknown = JSON.parse(categories ?? 'null');
    return Array.isArray(named) && named.every((each) => typeof each === 'string') ? named : null;
  } catch {
    // Others may use the name for something else.
    return null;
  }
}
