import { checkOptions, integer, type OptionRules, optional } from '@cnnzoo/checks';
import { gridCrops, type Image, type SeveralCrops, tenCrops } from '@cnnzoo/transforms';
import { normalized } from '../networks/preprocessing.js';
import {
  checkCropFits,
  checkImageHoldsCrop,
  type Protocol,
  protocolOfOneScale,
  type ScaleOptions,
  scaleRules,
  type View,
} from './protocol.js';

/**
 * AlexNet's ten crops: the four corners and the middle, and their mirror images (Krizhevsky et al. 2012, section 4.1).
 * @throws RangeError naming the option
 * @example
 * import { evaluate, tenCrop } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: tenCrop() });
 */
export function tenCrop(options: ScaleOptions = {}): Protocol {
  return cropsOfOneScale('ten crop', checkOptions('tenCrop', options, scaleRules), 10, tenCrops);
}

/** The options of `multiCrop`. */
export interface MultiCropOptions extends ScaleOptions {
  /** Crops per row and per column. Default 5. */
  readonly grid?: number;
}

export const multiCropRules: OptionRules<MultiCropOptions> = { ...scaleRules, grid: optional(integer(2)) };

/**
 * VGG's multi-crop evaluation: a regular grid of 5x5 crops and their mirror images, 50 inputs a scale; 150 over three scales, with
 * `multiScale` (Simonyan and Zisserman 2014, section 3.2).
 * @throws RangeError naming the option
 * @example
 * import { evaluate, multiCrop, multiScale } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: multiScale(multiCrop, [256, 384, 512]) });
 */
export function multiCrop(options: MultiCropOptions = {}): Protocol {
  const { grid = 5 } = checkOptions('multiCrop', options, multiCropRules);
  return cropsOfOneScale(`multi-crop ${grid}x${grid}`, options, 2 * grid * grid, (size) => gridCrops(size, grid));
}

function cropsOfOneScale(
  name: string,
  options: ScaleOptions,
  count: number,
  cropsOf: (size: readonly [number, number]) => SeveralCrops,
): Protocol {
  return protocolOfOneScale(name, options, count, checkCropFits, (resized, format, preprocessing) => {
    checkImageHoldsCrop(resized, format);
    // Normalized once instead of crop by crop.
    return equalViews(cropsOf(format.crop)(normalized(resized, preprocessing)));
  });
}

/** Views whose probabilities count the same. */
export function equalViews(inputs: readonly Image[]): View[] {
  return inputs.map((input) => ({ input, weight: 1 / inputs.length, dense: false }));
}
