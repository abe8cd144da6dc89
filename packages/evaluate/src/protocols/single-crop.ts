import { callable, checkOptions, type OptionRules, optional } from '@cnnzoo/checks';
import { centerCrop, type Image } from '@cnnzoo/transforms';
import { normalized } from '../networks/preprocessing.js';
import {
  checkCropFits,
  checkImageHoldsCrop,
  type Protocol,
  protocolOfOneScale,
  type ScaleOptions,
  scaleRules,
} from './protocol.js';

/** The options of `singleCrop`. */
export interface SingleCropOptions extends ScaleOptions {
  /**
   * All of the preprocessing, such as `compose([pad(2), toTensor(), normalize(mean, std)])`, instead of the network's own.
   */
  readonly transform?: (image: Image) => Image;
}

const singleCropRules: OptionRules<SingleCropOptions> = {
  ...scaleRules,
  transform: optional(callable<(image: Image) => Image>('a function of an image')),
};

/**
 * The middle of the image, one input: what most tables of today report, and torchvision's.
 * @throws RangeError or TypeError naming the option
 * @example
 * import { singleCrop } from '@cnnzoo/evaluate';
 * import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';
 *
 * const asTheNetworkWantsIt = singleCrop();
 * const byHand = singleCrop({ transform: compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]) });
 */
export function singleCrop(options: SingleCropOptions = {}): Protocol {
  const { scale, transform } = checkOptions('singleCrop', options, singleCropRules);
  if (transform !== undefined) {
    if (scale !== undefined) throw new TypeError('scale and transform both resize: give one of them');
    return {
      name: 'single crop',
      inputsPerImage: 1,
      views: (image) => [{ input: transform(image), weight: 1, dense: false }],
    };
  }
  return protocolOfOneScale('single crop', options, 1, checkCropFits, (resized, format, preprocessing) => {
    checkImageHoldsCrop(resized, format);
    return [{ input: normalized(centerCrop(format.crop)(resized), preprocessing), weight: 1, dense: false }];
  });
}
