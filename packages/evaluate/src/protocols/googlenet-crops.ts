import { checkOptions } from '@cnnzoo/checks';
import type { Preprocessing } from '@cnnzoo/metadata';
import { googlenetCrops, type Image, pad } from '@cnnzoo/transforms';
import { normalized } from '../networks/preprocessing.js';
import { type InputFormat, type Protocol, requirePreprocessing, type ScaleOptions, scaleRules } from './protocol.js';
import { equalViews } from './several-crops.js';

/** The scales are 256, 288, 320 and 352 for crops of 224: the smallest one times these. */
const scaleFactors = [1, 9 / 8, 10 / 8, 11 / 8] as const;

/**
 * GoogLeNet's 144 crops: 4 scales, 3 squares of each (left, middle, right; of a portrait top, middle, bottom), 6 crops of each square
 * (the four corners, the middle, the whole square resized), each with its mirror image (Szegedy et al. 2014, section 7). The scales are
 * 256, 288, 320 and 352 for crops of 224; for other crops they are in proportion: 342, 384, 427 and 470 for 299.
 * @param options `scale`: the smallest of the four. Default 256 / 224 of the crop
 * @throws RangeError naming the option
 * @example
 * import { crops144, evaluate } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: crops144() });
 */
export function crops144(options: ScaleOptions = {}): Protocol {
  return protocolOfCrops('144 crops', 144, options, (image, crop, smallest) =>
    googlenetCrops(crop, { scales: scaleFactors.map((factor) => Math.round(smallest * factor)) })(image),
  );
}

/**
 * 12 crops, which Inception-v3's table 4 reports and does not define. Ours: the middle square of the smallest of GoogLeNet's scales, 6
 * crops of it (the four corners, the middle, the whole square resized), each with its mirror image.
 * @param options `scale`: of the square. Default 256 / 224 of the crop
 * @throws RangeError naming the option
 * @example
 * import { crops12, evaluate } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet, { protocol: crops12() });
 */
export function crops12(options: ScaleOptions = {}): Protocol {
  // The middle one of the three squares.
  return protocolOfCrops('12 crops', 12, options, (image, crop, smallest) =>
    googlenetCrops(crop, { scales: [Math.round(smallest)] })(image).slice(12, 24),
  );
}

function protocolOfCrops(
  name: string,
  count: number,
  options: ScaleOptions,
  cropsOf: (image: Image, crop: number, smallestScale: number) => Image[],
): Protocol {
  const { scale } = checkOptions(`crops${count}`, options, scaleRules);
  return {
    name: scale === undefined ? name : `${name} from ${scale}`,
    inputsPerImage: count,
    check: (format) => {
      requirePreprocessing(format);
      const crop = squareCrop(name, format);
      if (scale !== undefined && scale < crop)
        throw new RangeError(`scale ${scale} is below the crop of ${crop} x ${crop} of model '${format.model}'`);
    },
    views: (image, format) => {
      const preprocessing = requirePreprocessing(format);
      const crop = squareCrop(name, format);
      const crops = cropsOf(withBorder(image, preprocessing), crop, scale ?? (crop * 256) / 224);
      return equalViews(crops.map((each) => normalized(each, preprocessing)));
    },
  };
}

function squareCrop(name: string, { crop: [height, width], model }: InputFormat): number {
  if (height === width) return height;
  throw new RangeError(`${name} are of squares, the input of model '${model}' is ${height} x ${width}`);
}

/** The border of networks that want one, such as LeNet-5 on digits, in proportion to the image as it is. */
function withBorder(image: Image, { padding = 0, resizeSize }: Preprocessing): Image {
  const border = Math.round((padding * Math.min(image.width, image.height)) / resizeSize);
  return border === 0 ? image : pad(border)(image);
}
