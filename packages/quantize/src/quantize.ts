import { int8Products, type OnnxFileSignature } from '@cnnzoo/backend-onnx';
import { check, checkOptions, number, type OptionRules, oneOf, optional } from '@cnnzoo/checks';
import { writeAtomically } from '@cnnzoo/files';
import type { CalibrationMethod } from './calibrate/calibrate.js';
import type { CalibrationImages } from './calibrate/image-batches.js';
import type { QuantizableModel } from './graph/open-source.js';
import { type CalibratedNetwork, calibratedNetwork } from './network/calibrated-network.js';
import { imagesRule, modelRule, type QuantizationOptions, quantizationRules, resolved } from './options.js';
import type { WeightBits } from './qdq/write-qdq.js';
import { type LabelledImages, labelledImagesRule } from './sensitivity/labelled-images.js';
import { layersToLeave } from './sensitivity/leave-layers.js';

/** The options of `quantize`. */
export interface QuantizeOptions extends QuantizationOptions {
  /** How integers stand in the file: ONNX's operators between QuantizeLinear and DequantizeLinear. Default, and only, `'QDQ'`. */
  readonly format?: 'QDQ';
  /**
   * Points of accuracy that may be lost on the images of `test`. Where more are, the layers that cost most stay in float, as few as are enough. Default: all layers
   * are quantized whatever it costs.
   */
  readonly maxLoss?: number;
  /** For `maxLoss`: images with their classes, other ones than those of calibration. */
  readonly test?: LabelledImages;
}

/** How a network has been quantized, as its file says it, too. */
export interface QuantizationFacts {
  readonly format: 'QDQ';
  readonly method: CalibrationMethod;
  readonly perChannel: boolean;
  readonly weights: WeightBits;
  /** Whether layers were equalized, and biases corrected. */
  readonly equalize: boolean;
  readonly correctBias: boolean;
  /** Layers in float that could be quantized. */
  readonly excluded: readonly string[];
  /** How the processor on which this was done adds 8-bit products. */
  readonly products: 'exact' | 'saturating';
  /** Points of accuracy below float on the images of `test`. Only where `maxLoss` was given. */
  readonly loss?: number;
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
  ...quantizationRules,
  format: optional(oneOf(['QDQ'])),
  maxLoss: optional(number(0)),
  test: optional(labelledImagesRule),
};

/**
 * Makes an int8 network of a float32 one: a quarter of the size, and faster. Batch normalization is folded first; the engine runs the network on the
 * calibration images once and keeps histograms only. Scales and zero points are those of onnxruntime's own Python quantizer.
 *
 * @param model a network of tfjs, or the path or bytes of an ONNX file of convolutional operators
 * @param calibration batches of images like those of the network's use, some hundred in all: each a Float32Array of images one after the other,
 *   channels last, prepared as for a prediction, or a tensor [batch, height, width, channels]
 * @param options `method`, `perChannel`, `weights`, `exclude`, `equalize`, `correctBias`, `inputShape`; `maxLoss` and `test`
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
  const { maxLoss, test, ...others } = checkOptions<QuantizeOptions>('quantize', options, quantizeRules);
  if ((maxLoss === undefined) !== (test === undefined))
    throw new TypeError(
      'maxLoss needs test, images with their classes on which the loss is measured, and test needs maxLoss',
    );
  const how = resolved(others, calibration);
  const { weights, exclude } = how;
  const network = await calibratedNetwork(model, calibration, how);
  const left =
    maxLoss === undefined || test === undefined
      ? null
      : await layersToLeave(network, { images: test, maxLoss, exclude });
  return quantizedModel(network, {
    format: 'QDQ',
    method: how.method,
    perChannel: how.perChannel,
    weights,
    equalize: how.equalize,
    correctBias: how.correctBias,
    excluded: [...exclude, ...(left?.layers ?? [])],
    products: int8Products(),
    ...(left !== null && { loss: left.loss }),
  });
}

function quantizedModel(network: CalibratedNetwork, facts: QuantizationFacts): QuantizedModel {
  const model = network.write(facts.excluded, facts);
  return { model, signature: network.signature, facts, save: (path) => writeAtomically(path, model) };
}
