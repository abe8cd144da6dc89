import { centerCrop, type Image } from '@cnnzoo/transforms';
import { normalized, resizeToScale } from '../networks/preprocessing.js';
import {
  checkCropFits,
  checkPictureHoldsCrop,
  checkScaleOption,
  type InputFormat,
  type Protocol,
  requirePreprocessing,
  type ScaleOptions,
} from './protocol.js';

/** The options of `singleCrop`. */
export interface SingleCropOptions extends ScaleOptions {
  /**
   * All of the preprocessing, such as `compose([pad(2), toTensor(), normalize(mean, std)])`, instead of the network's own.
   */
  readonly transform?: (image: Image) => Image;
}

/**
 * The middle of the picture, one input: what most tables of today report, and torchvision's.
 * @throws RangeError or TypeError naming the option
 * @example
 * import { singleCrop } from '@cnnzoo/evaluate';
 * import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';
 *
 * const asTheNetworkWantsIt = singleCrop();
 * const byHand = singleCrop({ transform: compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]) });
 */
export function singleCrop({ scale, transform }: SingleCropOptions = {}): Protocol {
  checkScaleOption(scale);
  if (transform !== undefined) {
    if (typeof transform !== 'function') throw new TypeError(`transform must be a function, got ${typeof transform}`);
    if (scale !== undefined) throw new TypeError('scale and transform both resize: give one of them');
    return {
      name: 'single crop',
      inputsPerPicture: 1,
      views: (image) => [{ input: transform(image), weight: 1, dense: false }],
    };
  }
  const scaleFor = (format: InputFormat) => scale ?? requirePreprocessing(format).resizeSize;
  return {
    name: scale === undefined ? 'single crop' : `single crop at ${scale}`,
    inputsPerPicture: 1,
    check: (format) => checkCropFits(format, scaleFor(format)),
    views: (image, format) => {
      const preprocessing = requirePreprocessing(format);
      const resized = resizeToScale(image, scaleFor(format), preprocessing);
      checkPictureHoldsCrop(resized, format);
      return [{ input: normalized(centerCrop(format.crop)(resized), preprocessing), weight: 1, dense: false }];
    },
  };
}
