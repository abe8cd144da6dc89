/** Models as .onnx files: in memory, or on disk with the weights beside the graph where one file would be too large. */
import { check, string } from '@cnnzoo/checks';
import { dataTypes } from '@cnnzoo/onnx-format';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { encodeModel, type GraphProto, onnxType } from '../graph/onnx-model.js';
import { predictionGraph } from '../prediction/prediction-graph.js';
import { type GraphModel, type RecordableModel, recordable } from '../prediction/recordable-model.js';
import { onnxBackend } from '../register-backend.js';
import { type ExportOnnxOptions, type ResolvedExport, resolveOptions } from './export-options.js';
import { halveWeights } from './halve-weights.js';
import { normalizePixels } from './normalize-pixels.js';
import { writeFiles } from './write-files.js';

/** A protobuf message has less than 2 GiB; the graph itself takes a small part of what is left for it here. */
const largestFile = 2 ** 31 - 2 ** 26;

/**
 * A model's prediction as an ONNX file that any runtime reads: operators of ONNX alone, weights inside, batch norm folded into
 * convolutions. The model may be on any backend; it is not run. Of several outputs (auxiliary heads) the first one is exported.
 *
 * The input has the name of the model's input layer ('input' in networks of this project) and shape [batch, height, width, channels],
 * or [batch, channels, height, width] with `layout: 'NCHW'`; the output that of the last layer ('fc'). The file's metadata has
 * `architecture`, `options`, `preprocessing`, `categories` (the last three in JSON) and `licence`, as far as the model knows them.
 *
 * @param source a layers model, such as a network of this project or one loaded with `tf.loadLayersModel`, or a graph model
 *   of tfjs-converter's `loadGraphModel`
 * @param options.opset version of ONNX's operators, 17 to 22
 * @param options.batchSize a number, or 'dynamic'
 * @param options.inputShape [height, width, channels] where the model's input leaves them open
 * @param options.layout 'NHWC' or 'NCHW', of inputs and outputs
 * @param options.preprocessing whether the graph takes uint8 pixels and normalizes them by the model's mean and deviation itself.
 *   Resizing and cropping stay outside: `preprocessing` in the metadata says how
 * @param options.weights 'float32', or 'float16' for half the size
 * @param options.licence of the weights
 * @returns the bytes of an .onnx file
 * @throws TypeError or RangeError for wrong options, for a model that has no graph of dynamic batch, and for one of 2 GB or more
 *   (see `writeOnnx`); Error naming operation and layer where the model calls what has no ONNX form
 * @example
 * import { writeFileSync } from 'node:fs';
 * import { exportOnnx } from '@cnnzoo/backend-onnx';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * writeFileSync('resnet18.onnx', exportOnnx(resnet18(), { batchSize: 'dynamic', layout: 'NCHW' }));
 */
export function exportOnnx(source: LayersModel | GraphModel, options: ExportOnnxOptions = {}): Uint8Array {
  const model = recordable(source, rankOf(options));
  const resolved = resolveOptions(model, options);
  const graph = exportedGraph(model, resolved);
  const size = weightBytes(graph);
  if (size > largestFile)
    throw new RangeError(
      `the weights of model '${model.name}' take ${(size / 1e9).toFixed(1)} GB, more than one .onnx file may have: use writeOnnx`,
    );
  return encode(graph, model, resolved);
}

/**
 * As `exportOnnx`, to a file. Weights that are too large for one file, 2 GB, go to a second one beside it, `PATH.data`, which
 * runtimes find by its name. Both are written under other names first, and renamed when they are whole.
 *
 * @param path of the .onnx file
 * @param options as for `exportOnnx`, and `externalData`: true to put the weights into the second file however small they are
 * @returns the paths that were written
 * @throws as `exportOnnx`, and errors of the file system
 * @example
 * import { writeOnnx } from '@cnnzoo/backend-onnx';
 * import { vgg19 } from '@cnnzoo/vgg';
 *
 * const files = await writeOnnx(vgg19(), 'vgg19.onnx', { externalData: true }); // ['vgg19.onnx', 'vgg19.onnx.data']
 */
export async function writeOnnx(
  source: LayersModel | GraphModel,
  path: string,
  options: ExportOnnxOptions & { readonly externalData?: boolean } = {},
): Promise<string[]> {
  check('path', path, string('the path of a file'));
  const model = recordable(source, rankOf(options));
  const resolved = resolveOptions(model, options, ['externalData']);
  const { externalData } = options;
  if (externalData !== undefined && typeof externalData !== 'boolean')
    throw new TypeError(`externalData is ${String(externalData)}, expected true or false`);
  const graph = exportedGraph(model, resolved);
  const apart = externalData ?? weightBytes(graph) > largestFile;
  return writeFiles(path, graph, apart, (written) => encode(written, model, resolved));
}

/** Of an input whose shape a graph model does not tell. */
function rankOf(options: ExportOnnxOptions | null): number | undefined {
  const { inputShape } = options ?? {};
  return inputShape && inputShape.length + 1;
}

function encode(graph: GraphProto, model: RecordableModel, { opset, description }: ResolvedExport): Uint8Array {
  const docString = `Prediction of ${description.properties['architecture'] ?? model.name}`;
  return encodeModel(graph, [], { opset, docString, metadata: description.properties });
}

function exportedGraph(
  model: RecordableModel,
  { batchSize, inputShape, layout, normalize, opset, weights }: ResolvedExport,
): GraphProto {
  const graph = predictionGraph(model, onnxBackend(), {
    batchSize,
    inputShape,
    layout: layout === 'NCHW' ? 'channelsFirst' : 'plain',
    opset,
    preprocess: normalize && normalizePixels(normalize.mean, normalize.std),
  });
  return weights === 'float16' ? halveWeights(graph) : graph;
}

const bytesOfType: Readonly<Record<number, number>> = {
  [onnxType.float32]: 4,
  [onnxType.int32]: 4,
  [onnxType.int64]: 8,
  [onnxType.uint8]: 1,
  [onnxType.bool]: 1,
  [dataTypes.float16]: 2,
};

function weightBytes({ initializer }: GraphProto): number {
  let bytes = 0;
  for (const { dims, dataType } of initializer)
    bytes += dims.reduce((product, size) => product * size, bytesOfType[dataType] ?? 4);
  return bytes;
}
