import { callable, check, checkOptions, type OptionRules, optional } from '@cnnzoo/checks';
import type { CalibrationImages } from '../calibrate/image-batches.js';
import type { QuantizableModel } from '../graph/open-source.js';
import { calibratedNetwork } from '../network/calibrated-network.js';
import { imagesRule, modelRule, type QuantizationOptions, quantizationRules, resolved } from '../options.js';
import { compareNetworks } from './compare-networks.js';
import { type LabelledImages, labelledImagesRule } from './labelled-images.js';

/** The options of `sensitivity`. */
export interface SensitivityOptions extends QuantizationOptions {
  /**
   * Called with how many networks have been compared, and how many there are: one for each layer, and the one in which all are of integers. Where the images
   * take more than 256 MiB, it begins again for each 256 MiB of them.
   */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Images by which layers are told apart. */
export interface SensitivityImages {
  /** As for `quantize`. */
  readonly calibration: CalibrationImages;
  /** Images with their classes, other ones. */
  readonly test: LabelledImages;
}

/** What it costs to compute one layer with integers, and all others in float. */
export interface LayerSensitivity {
  /** As `exclude` of `quantize` takes it. */
  readonly layer: string;
  /** Of ONNX, such as Conv or Add. */
  readonly operator: string;
  /** Numbers of the layer's weights; 0 of a sum or a pooling. */
  readonly weights: number;
  /** Points of accuracy below float: 0.5 is one more wrong image of 200. Negative where it is above, by chance. */
  readonly loss: number;
  /** Share of the images with the same answer as in float, from 0 to 1. */
  readonly agreement: number;
  /** How far scores are from those in float, as a share of their size: it tells layers apart where answers are the same. */
  readonly error: number;
}

/** What each layer of a network costs in int8. */
export interface SensitivityReport {
  readonly model: string;
  /** Images of the test. */
  readonly images: number;
  /** Of the network in float, from 0 to 1. */
  readonly accuracy: number;
  /** All layers together. */
  readonly all: Pick<LayerSensitivity, 'loss' | 'agreement' | 'error'>;
  /** In the order in which they are computed. */
  readonly layers: readonly LayerSensitivity[];
}

const rules: OptionRules<SensitivityOptions> = {
  ...quantizationRules,
  onProgress: optional(callable<(done: number, all: number) => void>('a function of two numbers')),
};

/**
 * Measures what each layer costs alone: the network is calibrated once, and for each layer computed with that one in integers and all others in float.
 * `formatSensitivity` makes a table of the report, `drawSensitivity` a picture.
 *
 * @param model as for `quantize`
 * @param data `calibration` as for `quantize`, and `test`: batches of images with their classes, some hundred images in all
 * @param options `method`, `perChannel`, `weights`, `exclude`, `equalize`, `correctBias` and `inputShape` as for `quantize`; `onProgress`
 * @returns for each layer the points of accuracy that are lost, how often the answer is the same, and how far scores are from those in float
 * @throws (rejects) TypeError or RangeError naming the option, the batch or the file that is wrong
 * @example
 * import { formatSensitivity, sensitivity } from '@cnnzoo/quantize';
 * import { cifarResnet } from '@cnnzoo/resnet';
 *
 * const images = new Float32Array(8 * 32 * 32 * 3); // take real ones
 * const data = { calibration: [images], test: [{ images, labels: [0, 1, 2, 3, 4, 5, 6, 7] }] };
 * console.log(formatSensitivity(await sensitivity(cifarResnet({ depth: 20 }), data)));
 */
export async function sensitivity(
  model: QuantizableModel,
  data: SensitivityImages,
  options: SensitivityOptions = {},
): Promise<SensitivityReport> {
  check('model', model, modelRule);
  const { calibration, test } = checkOptions<SensitivityImages>('sensitivity', data, {
    calibration: imagesRule,
    test: labelledImagesRule,
  });
  const { onProgress = () => {}, ...others } = checkOptions<SensitivityOptions>('sensitivity', options, rules);
  const how = resolved(others, calibration);
  const network = await calibratedNetwork(model, calibration, how);
  const names = network.layers.map(({ name }) => name);
  const variants = [[], ...names.map((name) => names.filter((each) => each !== name))];
  const { accuracy, images, networks } = await compareNetworks(
    { ...network, images: test, every: 1 },
    variants.map((left) => () => network.write([...how.exclude, ...left], {})),
    (done) => onProgress(done, variants.length),
  );
  const [all, ...alone] = networks.map((each) => ({
    loss: 100 * (accuracy - each.accuracy),
    agreement: each.agreement,
    error: each.error,
  }));
  const nothing = { loss: 0, agreement: 1, error: 0 };
  return {
    model: network.signature.model,
    images,
    accuracy,
    all: all ?? nothing,
    layers: network.layers.map(({ name, operator, weights: count }, i) => ({
      layer: name,
      operator,
      weights: count,
      ...(alone[i] ?? nothing),
    })),
  };
}
