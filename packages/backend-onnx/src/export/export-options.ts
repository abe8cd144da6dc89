/** The options of an export, checked before anything is done. */
import { opsets } from '../graph/onnx-model.js';
import type { RecordableModel } from '../prediction/recordable-model.js';
import { type ModelDescription, readDescription } from './model-description.js';

/** The options of `exportOnnx`. */
export interface ExportOnnxOptions {
  /** Version of ONNX's operators, 17 to 22. Default 17, which all runtimes since 2022 read. */
  readonly opset?: number;
  /** Images at once: a number, or `'dynamic'` for any number in each run. Default `'dynamic'`. */
  readonly batchSize?: number | 'dynamic';
  /** [height, width, channels], for models whose own input leaves height and width open. */
  readonly inputShape?: readonly number[];
  /** Order of axes of images and feature maps, in and out. Default `'NHWC'`, as in tfjs; `'NCHW'` as in PyTorch. */
  readonly layout?: 'NHWC' | 'NCHW';
  /**
   * Whether the graph takes pixels (uint8, 0 to 255) and subtracts the mean and divides by the deviation itself. Resizing and
   * cropping always stay outside. Default false: float32, normalized by the caller as for `model.predict`.
   */
  readonly preprocessing?: boolean;
  /**
   * What weights take in the file: `'float16'` is half the size. The network computes with float32 all the same, as runtimes widen them when they
   * open the file. Vectors, such as biases, and weights that half floats have no room for stay float32. Default `'float32'`.
   */
  readonly weights?: 'float32' | 'float16';
  /** Of the weights, for the file's metadata. Default: what `loadPretrained` has noted, else none. */
  readonly licence?: string;
}

export interface ResolvedExport {
  readonly opset: number;
  readonly batchSize: number | 'dynamic';
  readonly inputShape: readonly number[] | undefined;
  readonly layout: 'NHWC' | 'NCHW';
  readonly normalize: { readonly mean: readonly number[]; readonly std: readonly number[] } | null;
  readonly weights: 'float32' | 'float16';
  readonly description: ModelDescription;
}

const names = ['opset', 'batchSize', 'inputShape', 'layout', 'preprocessing', 'weights', 'licence'];

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
}

/**
 * @param others names of options that the caller reads
 * @throws TypeError or RangeError naming the option, the value and what would be right
 */
export function resolveOptions(
  model: RecordableModel,
  options: ExportOnnxOptions,
  others: readonly string[] = [],
): ResolvedExport {
  if (
    !Array.isArray(model?.inputs) ||
    typeof model.predict !== 'function' ||
    typeof model.getUserDefinedMetadata !== 'function'
  )
    throw new TypeError(`model is ${shown(model)}, expected a layers model`);
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`options is ${shown(options)}, expected an object`);
  for (const name of Object.keys(options))
    if (![...names, ...others].includes(name))
      throw new TypeError(`unknown option '${name}', expected ${[...names, ...others].join(', ')}`);
  const { opset = 17, batchSize = 'dynamic', layout = 'NHWC', preprocessing = false, inputShape, licence } = options;
  const { weights = 'float32' } = options;
  if (!opsets.includes(opset)) throw new RangeError(`opset is ${shown(opset)}, expected one of ${opsets.join(', ')}`);
  if (batchSize !== 'dynamic' && !(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(`batchSize is ${shown(batchSize)}, expected a positive integer or 'dynamic'`);
  if (layout !== 'NHWC' && layout !== 'NCHW')
    throw new RangeError(`layout is ${shown(layout)}, expected 'NHWC' or 'NCHW'`);
  if (weights !== 'float32' && weights !== 'float16')
    throw new RangeError(`weights is ${shown(weights)}, expected 'float32' or 'float16'`);
  if (typeof preprocessing !== 'boolean')
    throw new TypeError(`preprocessing is ${shown(preprocessing)}, expected true or false`);
  if (inputShape !== undefined && !Array.isArray(inputShape))
    throw new TypeError(`inputShape is ${shown(inputShape)}, expected [height, width, channels]`);
  if (licence !== undefined && typeof licence !== 'string')
    throw new TypeError(`licence is ${shown(licence)}, expected a text such as 'Apache-2.0'`);
  if (layout === 'NCHW' && !model.inputs.some(({ shape }) => shape.length === 4))
    throw new RangeError(`layout is 'NCHW', but model '${model.name}' takes no images`);
  const description = readDescription(model, licence);
  return {
    opset,
    batchSize,
    inputShape,
    layout,
    weights,
    normalize: preprocessing ? normalization(model, description) : null,
    description,
  };
}

function normalization(model: RecordableModel, { preprocessing }: ModelDescription): ResolvedExport['normalize'] {
  const [input] = model.inputs;
  if (preprocessing === null)
    throw new RangeError(
      `preprocessing is true, but model '${model.name}' does not say which: set it with setModelMetadata(model, { preprocessing })`,
    );
  const channels = input?.shape.at(-1) ?? preprocessing.mean.length;
  const { mean, std } = preprocessing;
  if (model.inputs.length !== 1 || input?.shape.length !== 4)
    throw new RangeError(`preprocessing is true, but model '${model.name}' takes something else than one image`);
  if (mean.length !== channels || std.length !== channels || std.includes(0))
    throw new RangeError(
      `the model's preprocessing has mean [${mean.join(', ')}] and std [${std.join(', ')}], expected ${channels} numbers each, and no std of 0`,
    );
  return { mean, std };
}
