import { callable, check, listOf, optional, type Rule, shown } from '@cnnzoo/checks';
import { checkImage, type Image } from './image/image.js';
import { type RandomGenerator, randomGenerator } from './random/random-generator.js';

/** What a random transform drew: its name and the parameters, such as `{ transform: 'randomCrop', top: 3, left: 5 }`. */
export interface Draw {
  readonly transform: string;
  readonly [parameter: string]: unknown;
}

/** Called with what each random transform drew, in the order in which they ran. */
export type DrawListener = (draw: Draw) => void;

/** How a transform was made, as plain data: a worker thread makes the same one again from it. */
export interface TransformDescription {
  readonly name: string;
  readonly arguments: readonly unknown[];
}

/** Gives the array of so many numbers that a result goes to: a part of a batch, or a new one. */
export type ResultPlace = (length: number) => Float32Array<ArrayBuffer>;

/**
 * A function from an image to a new image; the one given is never changed. Random ones need a generator, and say what
 * they drew to `onDraw`. Your own functions are as welcome in {@link compose} as this package's.
 */
export interface Transform {
  (image: Image, random?: RandomGenerator, onDraw?: DrawListener): Image;
  /** How to make it again elsewhere; a function of your own has none. */
  readonly description?: TransformDescription | undefined;
  /**
   * The same transform, with the numbers of its result where the caller wants them, such as their place in a batch. A {@link compose} that ends in
   * `toTensor()` and `normalize` has it. `place` is asked for height * width * channels numbers, at most once; an image that is float already
   * gets an array of its own.
   * @throws TypeError where `place` gives another number of them
   * @example
   * import { randomGenerator, trainingTransform } from '@cnnzoo/transforms';
   * const batch = new Float32Array(32 * 224 * 224 * 3);
   * const photo = { data: new Uint8Array(640 * 480 * 3), width: 640, height: 480, channels: 3 };
   * trainingTransform('imagenet').into?.(photo, randomGenerator(1), (length) => batch.subarray(0, length)); // the first of 32
   */
  readonly into?: ((image: Image, random: RandomGenerator | undefined, place: ResultPlace) => Image) | undefined;
}

/** A random {@link Transform} in its two halves: what to do, and doing it. */
export interface RandomTransform<Parameters extends object> extends Transform {
  /** The parameters for an image of this size, drawn from `random`. */
  draw(image: Image, random: RandomGenerator): Parameters;
  /** What the transform does to an image once the parameters are known. */
  apply(image: Image, parameters: Parameters): Image;
}

export const drawListenerRule = /* @__PURE__ */ optional(
  /* @__PURE__ */ callable<DrawListener>('a function of what was drawn'),
);

/** Makes a {@link Transform} of a function, and of the arguments it was made with. */
export function defineTransform(name: string, args: readonly unknown[], run: Transform): Transform {
  const transform: Transform = (image, random, onDraw) => {
    checkImage(image);
    check('onDraw', onDraw, drawListenerRule);
    return run(image, random, onDraw);
  };
  return Object.assign(transform, { description: { name, arguments: withoutTrailingUndefined(args) } });
}

/** Makes a {@link RandomTransform} of its two halves, and of the arguments it was made with. */
export function defineRandomTransform<Parameters extends object>(
  name: string,
  args: readonly unknown[],
  draw: (image: Image, random: RandomGenerator) => Parameters,
  apply: (image: Image, parameters: Parameters) => Image,
): RandomTransform<Parameters> {
  const transform = defineTransform(name, args, (image, random, onDraw) => {
    const parameters = draw(image, requireGenerator(name, random));
    onDraw?.({ transform: name, ...parameters });
    return apply(image, parameters);
  });
  const checkedDraw = (image: Image, random: RandomGenerator) => {
    checkImage(image);
    return draw(image, requireGenerator(name, random));
  };
  return Object.assign(transform, {
    draw: checkedDraw,
    apply(image: Image, parameters: Parameters) {
      checkImage(image);
      // Drawn ones say what they are like: there is no second description of them.
      const fault = differenceFrom(checkedDraw(image, randomGenerator(0)), parameters, 'parameters');
      if (fault !== null) throw new TypeError(`${fault}: give what draw gave`);
      return apply(image, parameters);
    },
  });
}

/** Where a value is not of the same kind as another, or null. Where one is null, the other may be an object. */
function differenceFrom(like: unknown, given: unknown, place: string): string | null {
  const fault = (expected: string) => `${place} must be ${expected}, got ${shown(given)}`;
  if (like === null || (given === null && place !== 'parameters'))
    return typeof given === 'object' || given === null ? null : fault('an object or null');
  if (typeof like !== 'object') {
    const same = typeof given === typeof like && (typeof given !== 'number' || Number.isFinite(given));
    return same ? null : fault(typeof like === 'number' ? 'a finite number' : `a ${typeof like}`);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given) !== Array.isArray(like))
    return fault(Array.isArray(like) ? 'an array' : 'an object');
  const values = given as Readonly<Record<string, unknown>>;
  const expected = like as typeof values;
  // Nothing was drawn, so there is nothing to compare with.
  if (Array.isArray(like) && like.length === 0) return null;
  // Each draw makes as many numbers; of objects one may make more than another.
  const isList = Array.isArray(like) && like.every((each) => typeof each === 'object');
  if (Array.isArray(like) && !isList && like.length !== values['length']) return fault(`${like.length} values`);
  for (const name of Object.keys(isList ? values : expected)) {
    const difference = differenceFrom(isList ? like[0] : expected[name], values[name], `${place}.${name}`);
    if (difference !== null) return difference;
  }
  return null;
}

const generatorMethods = ['uniform', 'integer', 'normal', 'beta', 'permutation'] as const;

/** The generator that a random transform was called with. @throws TypeError where it is none */
export function requireGenerator(name: string, random: unknown): RandomGenerator {
  const generator = random as Partial<RandomGenerator> | null | undefined;
  if (generatorMethods.some((method) => typeof generator?.[method] !== 'function'))
    throw new TypeError(
      `${name} is random and needs a generator as its second argument, got ${shown(random)}; pass randomGenerator(seed)`,
    );
  return generator as RandomGenerator;
}

/** The numbers below `count` in the order that a generator gives them. @throws TypeError where it does not */
export function drawPermutation(random: RandomGenerator, count: number): Uint32Array {
  const order: Uint32Array | undefined = random.permutation(count);
  if (order?.length !== count)
    throw new TypeError(`permutation(${count}) of the generator must give as many numbers, got ${shown(order)}`);
  return order;
}

/** A transform, of this package or the user's own. */
export const transformRule: Rule<Transform> = /* @__PURE__ */ callable<Transform>(
  'a function from an image to an image',
);

export function checkTransforms(transforms: readonly Transform[]): void {
  check('transforms', transforms, listOf(transformRule));
}

function withoutTrailingUndefined(args: readonly unknown[]): unknown[] {
  const kept = [...args];
  while (kept.length > 0 && kept.at(-1) === undefined) kept.pop();
  return kept;
}
