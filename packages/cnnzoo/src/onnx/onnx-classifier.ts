/** A published ONNX file as a classifier: onnxruntime runs it as it is. */
import type { OnnxFileSignature } from '@cnnzoo/backend-onnx';
import { isRecord, nodeModule } from '@cnnzoo/files';
import {
  type ModelMetadata,
  type Preprocessing,
  type PreprocessingName,
  preprocessingFor,
  readMetadata,
  writeMetadata,
} from '@cnnzoo/metadata';
import { imageLayout } from '@cnnzoo/onnx-format';
import { classifierOf, type ImageClassifier } from '../classifier/classifier.js';
import { type OnnxFile, readOnnxFile } from './onnx-file.js';
import { onnxModel } from './onnx-layer.js';

/** What a file of others does not say. */
export interface OnnxClassifierOptions {
  readonly categories: readonly string[] | undefined;
  readonly preprocessing: Preprocessing | PreprocessingName | undefined;
}

/** @throws TypeError or RangeError naming the file, what it is instead of a classifier of images, and the option that helps */
export async function openOnnxClassifier(path: string, options: OnnxClassifierOptions): Promise<ImageClassifier> {
  const [file, { openOnnxFile }] = await Promise.all([readOnnxFile(path), import('@cnnzoo/backend-onnx')]);
  const said = metadataOf(path, file);
  const preprocessing = options.preprocessing ?? said.preprocessing;
  if (preprocessing === undefined)
    throw new TypeError(
      `${path} does not say how its images are prepared: say it with { preprocessing: 'imagenet' } or one like it`,
    );
  const categories = options.categories ?? said.categories ?? undefined;
  const { signature, endsInSoftmax } = signatureOf(path, file, preprocessing, categories);
  const model = onnxModel(openOnnxFile(path, signature), signature, endsInSoftmax);
  try {
    const ownPixels = signature.type === 'uint8';
    const scaled = preprocessingFor(preprocessing, signature.inputShape as [number, number, number]);
    writeMetadata(model, {
      // A file that takes pixels normalizes them itself.
      preprocessing: ownPixels
        ? { ...scaled, mean: scaled.mean.map(() => 0), std: scaled.std.map(() => 1 / 255) }
        : scaled,
      ...(categories !== undefined && { categories }),
      ...(said.licence !== undefined && { licence: said.licence }),
      weightsHash: await hashOfFile(path),
    });
    return classifierOf(model, null, {
      predictor: async (worker, processes) =>
        worker === 0 ? openOnnxFile(path, signature) : openOnnxFile(path, signature, { worker, processes }),
      save: () => {
        throw new TypeError(`${path} is a classifier in one file already: copy it`);
      },
    });
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Of the file itself; weights in files of their own are known by their names in it. */
async function hashOfFile(path: string): Promise<string> {
  const hash = nodeModule('node:crypto').createHash('sha256');
  const parts: AsyncIterable<Uint8Array> = nodeModule('node:fs').createReadStream(path);
  for await (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What files of this project say of themselves; nothing for others. */
function metadataOf(path: string, { metadata }: OnnxFile): Partial<ModelMetadata> {
  const json = (name: string): unknown => {
    const text = metadata[name];
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      // Others may use the name for something else.
      return undefined;
    }
  };
  const [preprocessing, categories] = [json('preprocessing'), json('categories')];
  return readMetadata({
    name: path,
    getUserDefinedMetadata: () => ({
      ...(isRecord(preprocessing) && { preprocessing }),
      ...(Array.isArray(categories) && { categories }),
      ...(metadata['licence'] !== undefined && { licence: metadata['licence'] }),
    }),
    setUserDefinedMetadata: () => {},
  });
}

function signatureOf(
  path: string,
  { inputs, outputs, nodes }: OnnxFile,
  preprocessing: Preprocessing | PreprocessingName,
  categories: readonly string[] | undefined,
): { signature: OnnxFileSignature; endsInSoftmax: boolean } {
  const [[input, ...others], [output]] = [inputs, outputs];
  const images = input === undefined ? null : imageLayout(input.shape);
  if (input === undefined || output === undefined || images === null || others.length > 0)
    throw new TypeError(
      `${path} takes ${inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(' and ') || 'nothing'}, expected a batch of images with 1, 3 or 4 channels`,
    );
  const { type } = input;
  if (type !== 'float32' && type !== 'uint8')
    throw new TypeError(`${path} takes images of ${type}, expected float32 or uint8`);
  const [height, width, channels] = images.shape;
  const { cropSize } = preprocessingFor(preprocessing, [height || null, width || null, channels]);
  // Such as [batch, classes, 1, 1]; what is open but the batch has the size 1.
  const known = output.shape.slice(1).reduce((product, size) => product * Math.max(1, size), 1);
  const classes = known > 1 ? known : categories?.length;
  if (classes === undefined)
    throw new TypeError(`${path} does not say how many classes it has: name them with { categories }`);
  const last = nodes.find((node) => node.output.includes(output.name));
  const [batch = 0] = input.shape;
  const name =
    path
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.onnx$/i, '') || 'onnx';
  return {
    endsInSoftmax: last?.opType === 'Softmax',
    signature: {
      model: name,
      input: input.name,
      output: output.name,
      inputShape: [height || cropSize, width || cropSize, channels],
      outputShape: [classes],
      batchSize: batch > 0 ? batch : null,
      layout: images.layout,
      type,
    },
  };
}
