import { callable, check, checkOptions, integer, listOf } from '@cnnzoo/checks';
import { denseEvaluation } from './dense-evaluation.js';
import { inputsOfImage, type Protocol, type ScaleOptions } from './protocol.js';
import { type MultiCropOptions, multiCrop, multiCropRules } from './several-crops.js';

/**
 * A protocol at several scales, whose probabilities are averaged. VGG takes {S - 32, S, S + 32} for a network trained at S, and
 * {256, 384, 512} for one trained at scales from 256 to 512 (Simonyan and Zisserman 2014, section 4.2).
 * @param protocol any function that makes one of a scale: `tenCrop`, `multiCrop`, `denseEvaluation`, `multiCropAndDense` or your own
 * @param scales lengths of the shorter side
 * @throws RangeError naming the scale; TypeError where `protocol` is no function
 * @example
 * import { denseEvaluation, multiCrop, multiScale } from '@cnnzoo/evaluate';
 * const fixed = multiScale(denseEvaluation, [224, 256, 288]);
 * const coarse = multiScale(({ scale }) => multiCrop({ scale, grid: 3 }), [256, 384, 512]);
 */
export function multiScale(
  protocol: (options: Required<ScaleOptions>) => Protocol,
  scales: readonly number[],
): Protocol {
  check('protocol', protocol, callable<typeof protocol>('a function of a scale, such as tenCrop'));
  check('scales', scales, listOf(integer(1), 1));
  const twice = scales.find((scale, i) => scales.indexOf(scale) !== i);
  if (twice !== undefined) throw new RangeError(`scales has ${twice} twice`);
  return averageOf(scales.map((scale) => protocol({ scale })));
}

/**
 * VGG's best evaluation: the mean of the probabilities of `multiCrop` and `denseEvaluation`, which see the borders of crops differently
 * (Simonyan and Zisserman 2014, section 4.3).
 * @throws RangeError naming the option
 * @example
 * import { evaluate, multiCropAndDense, multiScale } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: multiScale(multiCropAndDense, [256, 384, 512]) });
 */
export function multiCropAndDense(options: MultiCropOptions = {}): Protocol {
  checkOptions('multiCropAndDense', options, multiCropRules);
  const { grid: _, ...scale } = options;
  return averageOf([multiCrop(options), denseEvaluation(scale)]);
}

function averageOf(protocols: readonly Protocol[]): Protocol {
  return {
    name: protocols.map(({ name }) => name).join(' + '),
    inputsPerImage: protocols.reduce((sum, { inputsPerImage }) => sum + inputsPerImage, 0),
    check: (format) => {
      for (const protocol of protocols) protocol.check?.(format);
    },
    views: (image, format) =>
      protocols.flatMap((protocol) =>
        inputsOfImage(protocol, image, format).map((view) => ({ ...view, weight: view.weight / protocols.length })),
      ),
  };
}
