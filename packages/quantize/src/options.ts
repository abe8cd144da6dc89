/** How a network is quantized: the options of every function that does so. */
import { type Int8Products, int8Products } from '@cnnzoo/backend-onnx';
import { boolean, integer, listOf, type OptionRules, oneOf, optional, rule, string } from '@cnnzoo/checks';
import type { CalibrationMethod } from './calibrate/calibrate.js';
import { type CalibrationImages, canBeRepeated } from './calibrate/image-batches.js';
import type { QuantizableModel } from './graph/open-source.js';
import type { CalibrationOptions } from './network/calibrated-network.js';
import type { WeightBits } from './qdq/write-qdq.js';

/** The options of `quantize` and `sensitivity`. */
export interface QuantizationOptions {
  /**
   * How the range of a value follows from the calibration images: its smallest and largest number (`'minmax'`), the numbers between which
   * 99.999 % are (`'percentile'`), or the range whose 128 steps say the most of the distribution (`'entropy'`). Default `'minmax'`.
   */
  readonly method?: CalibrationMethod;
  /** Whether each output channel of weights has a scale of its own. Default true, which is more exact and as fast. */
  readonly perChannel?: boolean;
  /**
   * Bits of weights. Default: `'int8'` where this processor adds their products exactly, `'int7'` where its sums saturate: see `int8Products` of
   * @cnnzoo/backend-onnx. Files of 7 bits are right on all processors.
   */
  readonly weights?: WeightBits;
  /** Names of layers that stay in float: of nodes of the ONNX graph, or what stands in them before a slash. */
  readonly exclude?: readonly string[];
  /**
   * Cross-layer equalization: scales the channels between two layers so that both have weights of the same range. The network answers in float as before. Default
   * false. It helps where one scale has to fit all channels, as with `perChannel: false`.
   */
  readonly equalize?: boolean;
  /**
   * Corrects the bias of each layer by what rounding shifts the mean of each output channel, on the calibration images, which are read a second time: not from a
   * generator. Default false.
   */
  readonly correctBias?: boolean;
  /** [height, width, channels] of an image, for networks that leave them open. */
  readonly inputShape?: readonly number[];
}

export const quantizationRules: OptionRules<QuantizationOptions> = {
  method: optional(oneOf(['minmax', 'entropy', 'percentile'])),
  perChannel: optional(boolean),
  weights: optional(oneOf(['int8', 'int7'])),
  exclude: optional(listOf(string('the name of a layer'))),
  equalize: optional(boolean),
  correctBias: optional(boolean),
  inputShape: optional(listOf(integer(1), 3)),
};

export const modelRule = rule<QuantizableModel>(
  'a LayersModel of tfjs-layers, a GraphModel of tfjs-converter, or the path or bytes of an ONNX file',
  (value) =>
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    (typeof value === 'object' && value !== null && 'predict' in value && 'inputs' in value),
  (value) => value !== '',
);

const iterators = [Symbol.iterator, Symbol.asyncIterator];

export const imagesRule = rule<CalibrationImages>(
  'an array of batches, a generator of them, or a function that returns one',
  (value) =>
    typeof value === 'function' || (typeof value === 'object' && iterators.some((each) => each in Object(value))),
);

/**
 * @param calibration that the options have to fit
 * @throws TypeError where the images can be read once and are needed twice
 */
export function resolved(options: QuantizationOptions, calibration: CalibrationImages): CalibrationOptions {
  const { method, perChannel, weights, exclude, equalize, correctBias, inputShape } = options;
  if (correctBias === true && !canBeRepeated(calibration))
    throw new TypeError(
      'correctBias reads the calibration images twice, and a generator gives them once: give an array of batches, or a function that returns a generator',
    );
  return {
    method: method ?? ('minmax' satisfies CalibrationMethod),
    perChannel: perChannel ?? true,
    weights: weights ?? weightsFor(int8Products()),
    exclude: exclude ?? [],
    equalize: equalize ?? false,
    correctBias: correctBias ?? false,
    inputShape,
  };
}

/** The bits that a processor is exact with: of such forms the fastest. U8U8 is exact everywhere, and was slower than 7 bits where 8 saturate. */
export function weightsFor(products: Int8Products): WeightBits {
  return products === 'exact' ? 'int8' : 'int7';
}
