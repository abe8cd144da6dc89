import { gridCrops, type Image, type SeveralCrops, tenCrops } from '@cnnzoo/transforms';
import { normalized, resizeToScale } from '../networks/preprocessing.js';
import {
  checkCropFits,
  checkPictureHoldsCrop,
  checkScaleOption,
  type InputFormat,
  type Protocol,
  requirePreprocessing,
  type ScaleOptions,
  type View,
} from './protocol.js';

/**
 * AlexNet's ten crops: the four corners and the middle, and their mirror images (Krizhevsky et al. 2012, section 4.1).
 * @throws RangeError naming the option
 * @example
 * import { evaluate, tenCrop } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: tenCrop() });
 */
export function tenCrop({ scale }: ScaleOptions = {}): Protocol {
  return cropsOfOneScale('ten crop', scale, 10, tenCrops);
}

/** The options of `multiCrop`. */
export interface MultiCropOptions extends ScaleOptions {
  /** Crops per row and per column. Default 5. */
  readonly grid?: number;
}

/**
 * VGG's multi-crop evaluation: a regular grid of 5x5 crops and their mirror images, 50 inputs a scale; 150 over three scales, with
 * `multiScale` (Simonyan and Zisserman 2014, section 3.2).
 * @throws RangeError naming the option
 * @example
 * import { evaluate, multiCrop, multiScale } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: multiScale(multiCrop, [256, 384, 512]) });
 */
export function multiCrop({ scale, grid = 5 }: MultiCropOptions = {}): Protocol {
  if (!Number.isInteger(grid) || grid < 2)
    throw new RangeError(`grid must be a whole number of at least 2, got ${grid}`);
  return cropsOfOneScale(`multi-crop ${grid}x${grid}`, scale, 2 * grid * grid, (size) => gridCrops(size, grid));
}

function cropsOfOneScale(
  name: string,
  scale: number | undefined,
  count: number,
  cropsOf: (size: readonly [number, number]) => SeveralCrops,
): Protocol {
  checkScaleOption(scale);
  const scaleFor = (format: InputFormat) => scale ?? requirePreprocessing(format).resizeSize;
  return {
    name: scale === undefined ? name : `${name} at ${scale}`,
    inputsPerPicture: count,
    check: (format) => checkCropFits(format, scaleFor(format)),
    views: (image, format) => {
      const preprocessing = requirePreprocessing(format);
      const resized = resizeToScale(image, scaleFor(format), preprocessing);
      checkPictureHoldsCrop(resized, format);
      // Normalised once instead of crop by crop.
      return equalViews(cropsOf(format.crop)(normalized(resized, preprocessing)));
    },
  };
}

/** Views whose probabilities count the same. */
export function equalViews(inputs: readonly Image[]): View[] {
  return inputs.map((input) => ({ input, weight: 1 / inputs.length, dense: false }));
}
