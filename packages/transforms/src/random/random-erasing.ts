import { checkOptions, either, oneOf, optional } from '@cnnzoo/checks';
import { positiveRange, probabilityRule, shareRange } from '../arguments.js';
import { type Box, roundHalfToEven } from '../geometry/crop.js';
import { type Fill, fillRule } from '../geometry/pad.js';
import { copyOfData, isFloat } from '../image/image.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';
import { randomGenerator } from './random-generator.js';

/** The options of `randomErasing`. */
export interface RandomErasingOptions {
  /** Default 0.5. */
  readonly probability?: number;
  /** Lowest and highest share of the image's area. Default [0.02, 0.33]. */
  readonly scale?: readonly [number, number];
  /** Lowest and highest height / width. Default [0.3, 3.3]. */
  readonly ratio?: readonly [number, number];
  /** What the box is filled with: a value, a value per channel, or 'random', a random one per pixel. Default 0. */
  readonly value?: Fill | 'random';
}

/** The box that is erased, or null where nothing is, and the seed of the noise that fills it. */
export interface Erasing {
  readonly box: Box | null;
  readonly noiseSeed: number;
}

/**
 * Covers a random box (Zhong et al. 2017), as torchvision's RandomErasing. After normalize, noise is normal with deviation 1.
 * @returns a random transform that draws the box
 * @throws RangeError where an argument is wrong
 * @example
 * import { randomErasing, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomErasing({ value: 'random' })(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomErasing(options: RandomErasingOptions = {}): RandomTransform<Erasing> {
  const {
    probability = 0.5,
    scale = [0.02, 0.33],
    ratio = [0.3, 3.3],
    value = 0,
  } = checkOptions<RandomErasingOptions>('randomErasing', options, {
    probability: optional(probabilityRule),
    scale: optional(shareRange),
    ratio: optional(positiveRange),
    value: optional(either<[Fill, 'random']>(fillRule, oneOf(['random']))),
  });
  return defineRandomTransform<Erasing>(
    'randomErasing',
    [options],
    (image, random) => {
      const noiseSeed = random.integer(0, 2 ** 32);
      if (random.uniform() >= probability) return { box: null, noiseSeed };
      for (let attempt = 0; attempt < 10; attempt++) {
        const area = image.width * image.height * random.uniform(...scale);
        const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
        const height = roundHalfToEven(Math.sqrt(area * aspect));
        const width = roundHalfToEven(Math.sqrt(area / aspect));
        if (height >= 1 && width >= 1 && height < image.height && width < image.width) {
          const top = random.integer(0, image.height - height + 1);
          const left = random.integer(0, image.width - width + 1);
          return { box: { top, left, height, width }, noiseSeed };
        }
      }
      return { box: null, noiseSeed };
    },
    (image, { box, noiseSeed }) => {
      if (box === null) return image;
      const noise = randomGenerator(noiseSeed);
      const { width, channels } = image;
      const data = copyOfData(image);
      for (let y = box.top; y < box.top + box.height; y++)
        for (let x = box.left; x < box.left + box.width; x++)
          for (let c = 0; c < channels; c++)
            data[(y * width + x) * channels + c] =
              value === 'random'
                ? isFloat(image)
                  ? noise.normal()
                  : noise.integer(0, 256)
                : typeof value === 'number'
                  ? value
                  : (value[c] ?? 0);
      return { ...image, data };
    },
  );
}
