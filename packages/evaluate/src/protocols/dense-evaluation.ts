import { horizontalFlip } from '@cnnzoo/transforms';
import { normalized, resizeToScale } from '../networks/preprocessing.js';
import {
  checkScaleOption,
  type InputFormat,
  type Protocol,
  requirePreprocessing,
  type ScaleOptions,
} from './protocol.js';

/**
 * VGG's dense evaluation: the network as a fully convolutional one is applied to the whole image, the map of logits is averaged over
 * space, then softmax; the mean of the image and its mirror image (Simonyan and Zisserman 2014, section 3.2).
 * @throws RangeError naming the option
 * @example
 * import { denseEvaluation, evaluate, multiScale } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: multiScale(denseEvaluation, [256, 384, 512]) });
 */
export function denseEvaluation({ scale }: ScaleOptions = {}): Protocol {
  checkScaleOption(scale);
  const scaleFor = (format: InputFormat) => scale ?? requirePreprocessing(format).resizeSize;
  return {
    name: scale === undefined ? 'dense' : `dense at ${scale}`,
    inputsPerPicture: 2,
    check: (format) => {
      const { padding = 0 } = requirePreprocessing(format);
      // The longer side only gives more.
      const side = scaleFor(format) + 2 * padding;
      format.classMapSize(side, side);
    },
    views: (image, format) => {
      const preprocessing = requirePreprocessing(format);
      const input = normalized(resizeToScale(image, scaleFor(format), preprocessing), preprocessing);
      return [input, horizontalFlip()(input)].map((each) => ({ input: each, weight: 1 / 2, dense: true }));
    },
  };
}
