import { checkOptions } from '@cnnzoo/checks';
import { horizontalFlip } from '@cnnzoo/transforms';
import { normalized } from '../networks/preprocessing.js';
import { type Protocol, protocolOfOneScale, requirePreprocessing, type ScaleOptions, scaleRules } from './protocol.js';

/**
 * VGG's dense evaluation: the network as a fully convolutional one is applied to the whole image, the map of logits is averaged over
 * space, then softmax; the mean of the image and its mirror image (Simonyan and Zisserman 2014, section 3.2).
 * @throws RangeError naming the option
 * @example
 * import { denseEvaluation, evaluate, multiScale } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: multiScale(denseEvaluation, [256, 384, 512]) });
 */
export function denseEvaluation(options: ScaleOptions = {}): Protocol {
  return protocolOfOneScale(
    'dense',
    checkOptions('denseEvaluation', options, scaleRules),
    2,
    (format, scale) => {
      const { padding = 0 } = requirePreprocessing(format);
      // The longer side only gives more.
      const side = scale + 2 * padding;
      format.classMapSize(side, side);
    },
    (resized, _, preprocessing) => {
      const input = normalized(resized, preprocessing);
      return [input, horizontalFlip()(input)].map((each) => ({ input: each, weight: 1 / 2, dense: true }));
    },
  );
}
