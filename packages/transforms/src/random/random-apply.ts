import { check } from '@cnnzoo/checks';
import { probabilityRule } from '../arguments.js';
import { flipHorizontally, flipVertically } from '../geometry/flip.js';
import {
  defineRandomTransform,
  defineTransform,
  type RandomTransform,
  requireGenerator,
  type Transform,
  transformRule,
} from '../transform.js';

/** Whether a transform that comes about by chance does so. */
export interface Applied {
  readonly applied: boolean;
}

/**
 * Mirrors an image by chance.
 * @param probability 0 to 1. Default 0.5
 * @example
 * import { randomHorizontalFlip, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomHorizontalFlip()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomHorizontalFlip(probability = 0.5): RandomTransform<Applied> {
  check('probability', probability, probabilityRule);
  return defineRandomTransform(
    'randomHorizontalFlip',
    [probability],
    (_, random) => ({ applied: random.uniform() < probability }),
    (image, { applied }) => (applied ? flipHorizontally(image) : image),
  );
}

/**
 * Turns an image upside down by chance.
 * @param probability 0 to 1. Default 0.5
 * @example
 * import { randomVerticalFlip, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = randomVerticalFlip()(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function randomVerticalFlip(probability = 0.5): RandomTransform<Applied> {
  check('probability', probability, probabilityRule);
  return defineRandomTransform(
    'randomVerticalFlip',
    [probability],
    (_, random) => ({ applied: random.uniform() < probability }),
    (image, { applied }) => (applied ? flipVertically(image) : image),
  );
}

/**
 * Runs a transform, which may be random itself, by chance: torchvision's RandomGrayscale is `randomApply(grayscale(3), 0.1)`.
 * @param transform to run or not
 * @param probability 0 to 1. Default 0.5
 * @example
 * import { grayscale, randomApply, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * randomApply(grayscale(3), 0.1)(photo, randomGenerator(1));
 */
export function randomApply(transform: Transform, probability = 0.5): Transform {
  check('transform', transform, transformRule);
  check('probability', probability, probabilityRule);
  const { description } = transform;
  const result = defineTransform('randomApply', [description, probability], (image, random, onDraw) => {
    const applied = requireGenerator('randomApply', random).uniform() < probability;
    onDraw?.({ transform: 'randomApply', applied });
    return applied ? transform(image, random, onDraw) : image;
  });
  return description === undefined ? Object.assign(result, { description }) : result;
}
