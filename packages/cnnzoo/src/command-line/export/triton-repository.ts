/** The model repository of NVIDIA's Triton Inference Server: NAME/1/model.onnx, and beside it what the server has to know of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TensorDescription } from './tensor-description.js';

interface TritonModel {
  readonly name: string;
  readonly layout: 'NHWC' | 'NCHW';
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly categories: readonly string[] | null;
}

/** Images that a request may have at most, and that the server puts together from several. */
const mostImages = 64;

/** @returns the paths that were written */
export async function writeTritonRepository(folder: string, model: TritonModel): Promise<string[]> {
  const { categories } = model;
  const files = [{ path: join(folder, 'config.pbtxt'), content: tritonConfig(model) }];
  if (categories !== null) files.push({ path: join(folder, labelsFile), content: `${categories.join('\n')}\n` });
  for (const { path, content } of files) await writeFile(path, content);
  return files.map(({ path }) => path);
}

const labelsFile = 'labels.txt';

/** ModelConfig in protobuf's text form. Where any number of images goes, the batch's axis is Triton's and no part of dims. */
function tritonConfig({ name, layout, inputs, outputs, categories }: TritonModel): string {
  const batched = [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
  const dims = ({ shape }: TensorDescription) => (batched ? shape.slice(1) : shape).join(', ');
  const type = ({ type }: TensorDescription) =>
    `TYPE_${{ float32: 'FP32', uint8: 'UINT8' }[type] ?? type.toUpperCase()}`;
  const tensor = (kind: string, each: TensorDescription, more: readonly string[]) =>
    [
      `${kind} [`,
      '  {',
      `    name: ${JSON.stringify(each.name)}`,
      `    data_type: ${type(each)}`,
      ...more.map((line) => `    ${line}`),
      `    dims: [ ${dims(each)} ]`,
      '  }',
      ']',
    ].join('\n');
  const lines = [
    `name: ${JSON.stringify(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${batched ? mostImages : 0}`,
    // FORMAT_NHWC says that dims are height, width and channels: three of them.
    ...inputs.map((each) =>
      tensor('input', each, batched && each.shape.length === 4 ? [`format: FORMAT_${layout}`] : []),
    ),
    ...outputs.map((each) =>
      tensor('output', each, categories === null ? [] : [`label_filename: ${JSON.stringify(labelsFile)}`]),
    ),
    ...(batched ? ['dynamic_batching { }'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
