import { int8Products, type OnnxFileSignature } from '@cnnzoo/backend-onnx';
import {
  boolean,
  check,
  checkOptions,
  integer,
  listOf,
  type OptionRules,
  oneOf,
  optional,
  rule,
  string,
} from '@cnnzoo/checks';
import { writeAtomically } from '@cnnzoo/files';
import type { CalibrationMethod } from './calibrate/calibrate.js';
import type { CalibrationImages } from './calibrate/image-batches.js';
import type { QuantizableModel } from './graph/open-source.js';
import { type CalibratedNetwork, calibratedNetwork } from './network/calibrated-network.js';
import type { WeightBits } from './qdq/write-qdq.js';

/** The options of `quantize`. */
export interface QuantizeOptions {
  /**
   * How the range of a value follows from the calibration images: its smallest and largest number (`'minmax'`), the numbers between which
   * 99.999 % are (`'percentile'`), or the range whose 128 steps say the most of the distribution (`'entropy'`). Default `'minmax'`.
   */
  readonly method?: CalibrationMethod;
  /** Whether each output channel of weights has a scale of its own. Default true, which is more exact and as fast. */
  readonly perChannel?: boolean;
  /** How integers stand in the file: ONNX's operators between QuantizeLinear and DequantizeLinear. Default, and only, `'QDQ'`. */
  readonly format?: 'QDQ';
  /**
   * Bits of weights. Default: `'int8'` where this processor adds their products exactly, `'int7'` where its sums saturate: see `int8Products` of
   * @cnnzoo/backend-onnx. Files of 7 bits are right on all processors.
   */
  readonly weights?: WeightBits;
  /** Names of layers that stay in float: of nodes of the ONNX graph, or what stands in them before a slash. */
  readonly exclude?: readonly string[];
  /** [height, width, channels] of an image, for networks that leave them open. */
  readonly inputShape?: readonly number[];
}

/** How a network has been quantized, as its file says it, too. */
export interface QuantizationFacts {
  readonly format: 'QDQ';
  readonly method: CalibrationMethod;
  readonly perChannel: boolean;
  readonly weights: WeightBits;
  /** Layers in float that could be quantized. */
  readonly excluded: readonly string[];
  /** How the processor on which this was done adds 8-bit products. */
  readonly products: 'exact' | 'saturating';
}

/** A network whose convolutions and products are of 8-bit integers. */
export interface QuantizedModel {
  /** The bytes of an ONNX file with its weights, its classes and its preprocessing: for `freeze`, and for any onnxruntime. */
  readonly model: Uint8Array;
  /** What it takes and gives. */
  readonly signature: OnnxFileSignature;
  readonly facts: QuantizationFacts;
  /** Writes the ONNX file. `loadClassifier` of cnnzoo opens it. */
  save(path: string): Promise<void>;
}

const quantizeRules: OptionRules<QuantizeOptions> = {
  method: optional(oneOf(['minmax', 'entropy', 'percentile'])),
  perChannel: optional(boolean),
  format: optional(oneOf(['QDQ'])),
  weights: optional(oneOf(['int8', 'int7'])),
  exclude: optional(listOf(string('the name of a layer'))),
  inputShape: optional(listOf(integer(1), 3)),
};

const modelRule = rule<QuantizableModel>(
  'a LayersModel of tfjs-layers, a GraphModel of tfjs-converter, or the path or bytes of an ONNX file',
  (value) =>
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    (typeof value === 'object' && value !== null && 'predict' in value && 'inputs' in value),
  (value) => value !== '',
);

const iterators = [Symbol.iterator, Symbol.asyncIterator];

const imagesRule = rule<CalibrationImages>(
  'an array of batches, or a generator of them',
  (value) => typeof value === 'object' && iterators.some((each) => each in Object(value)),
);

/**
 * Makes an int8 network of a float32 one: a quarter of the size, and faster. Batch normalization is folded first; the engine runs the network on the
 * calibration images once and keeps histograms only. Scales and zero points are those of onnxruntime's own Python quantizer.
 *
 * @param model a network of tfjs, or the path or bytes of an ONNX file of convolutional operators
 * @param calibration batches of images like those of the network's use, some hundred in all: each a Float32Array of images one after the other,
 *   channels last, prepared as for a prediction, or a tensor [batch, height, width, channels]
 * @param options `method`, `perChannel`, `weights`, `exclude`, `inputShape`
 * @returns the bytes of an ONNX file, and what it takes
 * @throws (rejects) TypeError or RangeError naming the option, the batch or the file that is wrong
 * @example
 * import { freeze } from '@cnnzoo/backend-onnx';
 * import { quantize } from '@cnnzoo/quantize';
 * import { cifarResnet } from '@cnnzoo/resnet';
 *
 * const batches = [new Float32Array(8 * 32 * 32 * 3)]; // take real images
 * const quantized = await quantize(cifarResnet({ depth: 20 }), batches, { method: 'percentile' });
 * const frozen = freeze(quantized);
 * console.log(frozen.run(new Float32Array(32 * 32 * 3)).length); // 10
 * frozen.dispose();
 */
export async function quantize(
  model: QuantizableModel,
  calibration: CalibrationImages,
  options: QuantizeOptions = {},
): Promise<QuantizedModel> {
  check('model', model, modelRule);
  check('calibration', calibration, imagesRule);
  const {
    method = 'minmax',
    perChannel = true,
    weights = defaultWeights(),
    exclude = [],
    inputShape,
  } = checkOptions<QuantizeOptions>('quantize', options, quantizeRules);
  const network = await calibratedNetwork(model, calibration, { method, perChannel, exclude, inputShape });
  return quantizedModel(network, {
    format: 'QDQ',
    method,
    perChannel,
    weights,
    excluded: exclude,
    products: int8Products(),
  });
}

function defaultWeights(): WeightBits {
  return int8Products() === 'exact' ? 'int8' : 'int7';
}

function quantizedModel(network: CalibratedNetwork, facts: QuantizationFacts): QuantizedModel {
  const model = network.write(facts.excluded, facts.weights, facts);
  return { model, signature: network.signature, facts, save: (path) => writeAtomically(path, model) };
}
