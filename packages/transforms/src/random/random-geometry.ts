import { check, checkOptions, number, optional } from '@cnnzoo/checks';
import { pair, positiveRange, probabilityRule, spreadRule } from '../arguments.js';
import { type AffineParameters, affineImage } from '../geometry/affine.js';
import { type Corners, perspectiveImage } from '../geometry/perspective.js';
import { rotateImage } from '../geometry/rotate.js';
import { type WarpOptions, warpRules } from '../geometry/warp.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';

/** Degrees: a number v is the range [-v, v], a pair the range itself. */
export type Degrees = number | readonly [number, number];

/**
 * Turns an image about its middle by a random angle.
 * @param degrees the range of the angle, counter-clockwise
 * @example
 * import { randomRotation, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomRotation(15)(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomRotation(degrees: Degrees, options: WarpOptions = {}): RandomTransform<{ angle: number }> {
  const range = degreeRange(check('degrees', degrees, spreadRule));
  checkOptions<WarpOptions>('randomRotation', options, warpRules);
  return defineRandomTransform(
    'randomRotation',
    [degrees, options],
    (_, random) => ({ angle: random.uniform(...range) }),
    (image, { angle }) => rotateImage(image, angle, options),
  );
}

/** The options of `randomAffine`. */
export interface RandomAffineOptions extends WarpOptions {
  /** The range of the angle, clockwise. */
  readonly degrees: Degrees;
  /** Largest shift, as a share of width and height. Default [0, 0]. */
  readonly translate?: readonly [number, number];
  /** Range of the scale. Default [1, 1]. */
  readonly scale?: readonly [number, number];
  /** Range of the horizontal shear in degrees. Default 0. */
  readonly shear?: Degrees;
}

/**
 * Rotates, shifts, scales and shears an image at random, as torchvision's RandomAffine.
 * @throws RangeError where a range is wrong
 * @example
 * import { randomAffine, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomAffine({ degrees: 10, translate: [0.1, 0.1] })(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomAffine(options: RandomAffineOptions): RandomTransform<AffineParameters> {
  const {
    degrees,
    translate = [0, 0],
    scale = [1, 1],
    shear = 0,
  } = checkOptions<RandomAffineOptions>('randomAffine', options, {
    ...warpRules,
    degrees: spreadRule,
    translate: optional(pair('two shares [of the width, of the height]', number(0, 1))),
    scale: optional(positiveRange),
    shear: optional(spreadRule),
  });
  const angles = degreeRange(degrees);
  const shears = degreeRange(shear);
  return defineRandomTransform(
    'randomAffine',
    [options],
    ({ width, height }, random) => {
      const shift = (share: number, size: number) => Math.round(random.uniform(-share * size, share * size));
      return {
        angle: random.uniform(...angles),
        translate: [shift(translate[0], width), shift(translate[1], height)] as const,
        scale: random.uniform(...scale),
        shear: [random.uniform(...shears), 0] as const,
      };
    },
    (image, parameters) => affineImage(image, parameters, options),
  );
}

/** The options of `randomPerspective`. */
export interface RandomPerspectiveOptions extends WarpOptions {
  /** How far corners move: 1 is up to the middle. Default 0.5. */
  readonly distortion?: number;
  /** Default 0.5. */
  readonly probability?: number;
}

/**
 * Moves the corners of an image inwards at random, by chance, as torchvision's RandomPerspective.
 * @returns a random transform that draws where the corners go, or null where it does nothing
 * @example
 * import { randomPerspective, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomPerspective()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomPerspective(
  options: RandomPerspectiveOptions = {},
): RandomTransform<{ corners: Corners | null }> {
  const {
    distortion = 0.5,
    probability = 0.5,
    interpolation = 'bilinear',
    fill = 0,
  } = checkOptions<RandomPerspectiveOptions>('randomPerspective', options, {
    ...warpRules,
    distortion: optional(number(0, 1)),
    probability: optional(probabilityRule),
  });
  return defineRandomTransform<{ corners: Corners | null }>(
    'randomPerspective',
    [options],
    ({ width, height }, random) => {
      if (random.uniform() >= probability || width < 3 || height < 3) return { corners: null };
      const x = () => random.integer(0, Math.floor((distortion * width) / 2) + 1);
      const y = () => random.integer(0, Math.floor((distortion * height) / 2) + 1);
      const [right, bottom] = [width - 1, height - 1];
      return {
        corners: [
          [x(), y()],
          [right - x(), y()],
          [right - x(), bottom - y()],
          [x(), bottom - y()],
        ],
      };
    },
    (image, { corners }) => {
      if (corners === null) return image;
      const [right, bottom] = [image.width - 1, image.height - 1];
      const start: Corners = [
        [0, 0],
        [right, 0],
        [right, bottom],
        [0, bottom],
      ];
      return perspectiveImage(image, start, corners, { interpolation, fill });
    },
  );
}

function degreeRange(degrees: Degrees): readonly [number, number] {
  return typeof degrees === 'number' ? [-degrees, degrees] : degrees;
}
