/** What a recipe of a paper does to training images, from its words to transforms. */
import { check, checkOptions, integer, listOf, type OptionRules, type Rule, rule, string } from '@cnnzoo/checks';
import { checkPreprocessing, type Preprocessing, preprocessingRule } from '@cnnzoo/metadata';
import { compose } from './compose.js';
import { centerCrop } from './geometry/crop.js';
import { pad } from './geometry/pad.js';
import { resize } from './geometry/resize.js';
import { normalize } from './image/normalize.js';
import { toTensor } from './image/to-tensor.js';
import { trivialAugment } from './policies/trivial-augment.js';
import { colorJitter } from './random/color-jitter.js';
import { pcaLighting } from './random/lighting.js';
import { type BatchTransform, mixup } from './random/mix-batch.js';
import { randomHorizontalFlip } from './random/random-apply.js';
import { randomCrop } from './random/random-crop.js';
import { randomErasing } from './random/random-erasing.js';
import { randomResizedCrop } from './random/random-resized-crop.js';
import { scaleJitter } from './random/scale-jitter.js';
import type { Transform } from './transform.js';

/** What a recipe does to training images. */
export interface RecipeAugmentation {
  readonly transform: Transform;
  /** What is done to a batch as a whole. */
  readonly batchTransform: BatchTransform | null;
  /** Where this is not what the recipe says. */
  readonly notes: readonly string[];
}

/** How a network's images are, and how many classes they have. */
export interface RecipeImages {
  readonly preprocessing: Preprocessing;
  readonly classes: number;
}

const imagesRules: OptionRules<RecipeImages> = {
  preprocessing: preprocessingRule,
  classes: /* @__PURE__ */ integer(1),
};

/** The part of a recipe that is read here. */
interface Augmented {
  readonly augmentation: readonly string[];
}

const recipeRule: Rule<Augmented> = /* @__PURE__ */ rule<Augmented>(
  'a recipe: an object with augmentation, an array of texts',
  (value) => listOf(string()).fault('', (value as Partial<Augmented> | null)?.augmentation) === null,
);

/** What a step changes: the size of an image, its place in the crop, its colours (which a grey image has not), or what is made of it at the end. */
type Kind = 'size' | 'crop' | 'sizeAndCrop' | 'flip' | 'color' | 'after' | 'always' | 'batch';

interface Step {
  readonly words: RegExp;
  readonly kind: Kind;
  /** @param numbers those in the words, in their order; `scaled` in proportion to the network's crop */
  readonly make: (
    numbers: readonly number[],
    images: RecipeImages & { readonly scaled: (size: number) => number },
  ) => Transform | BatchTransform | null;
}

/** TensorFlow's for Inception, whose authors' words these are. */
const distortions = { brightness: 32 / 255, contrast: 0.5, saturation: 0.5, hue: 0.2 };

const steps: readonly Step[] = [
  { words: /^resize\((\d+)\)$/, kind: 'size', make: ([size = 0], { scaled }) => resize(scaled(size)) },
  {
    words: /^scale jitter: shorter side from (\d+) to (\d+)$/,
    kind: 'size',
    make: ([least = 0, most = 0], { scaled }) => scaleJitter(scaled(least), scaled(most)),
  },
  { words: /^pad\((\d+)\)$/, kind: 'flip', make: ([border = 0]) => pad(border) },
  {
    words: /^randomCrop\((\d+)\)$/,
    kind: 'crop',
    make: (_, { preprocessing }) => randomCrop(preprocessing.cropSize),
  },
  {
    words: /^randomResizedCrop\((\d+)\)$/,
    kind: 'sizeAndCrop',
    make: (_, { preprocessing: { cropSize, interpolation = 'bilinear' } }) =>
      randomResizedCrop(cropSize, { interpolation }),
  },
  {
    words: /^crop of (\d+) to 100 % of the area, aspect 3\/4 to 4\/3$/,
    kind: 'sizeAndCrop',
    make: ([percent = 8], { preprocessing: { cropSize, interpolation = 'bilinear' } }) =>
      randomResizedCrop(cropSize, { scale: [percent / 100, 1], interpolation }),
  },
  { words: /^randomHorizontalFlip$/, kind: 'flip', make: () => randomHorizontalFlip() },
  { words: /^PCA colour noise(?: of deviation 0\.1)?$/, kind: 'color', make: () => pcaLighting(0.1) },
  { words: /^photometric distortions$/, kind: 'color', make: () => colorJitter(distortions) },
  { words: /^trivialAugment$/, kind: 'color', make: () => trivialAugment() },
  { words: /^randomErasing\((0\.\d+)\)$/, kind: 'after', make: ([probability = 0]) => randomErasing({ probability }) },
  {
    words: /^mixup\((0\.\d+)\) or cutmix\(1\.0\)$/,
    kind: 'batch',
    make: ([alpha = 0.2], { classes }) => mixup({ numClasses: classes, alpha }),
  },
  // At the end of each.
  { words: /^normalize$/, kind: 'always', make: () => null },
];

/**
 * A recipe's augmentation for a network, from the paper's words to transforms.
 * @param recipe one of @cnnzoo/train's `recipes`, or any object with such words in `augmentation`
 * @param images.preprocessing of the network, as its metadata has it: sizes in the words are for the paper's crop and scale with it
 * @param images.classes of the network, for soft labels
 * @throws TypeError or RangeError naming the argument that is wrong, or words that mean no transform
 * @example
 * import { preprocessings, recipeAugmentation } from '@cnnzoo/transforms';
 *
 * const recipe = { augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'] };
 * const { transform } = recipeAugmentation(recipe, { preprocessing: preprocessings.cifar, classes: 10 });
 */
export function recipeAugmentation(recipe: Augmented, images: RecipeImages): RecipeAugmentation {
  const { augmentation } = check('recipe', recipe, recipeRule);
  checkOptions('recipeAugmentation', images, imagesRules);
  const { resizeSize, cropSize, mean, std } = checkPreprocessing('images.preprocessing', images.preprocessing);
  const [, paperCrop] = /(?:^|,)random(?:Resized)?Crop\((\d+)\)/.exec(augmentation.join()) ?? [];
  const scaled = (size: number) => Math.round((size * cropSize) / Number(paperCrop ?? cropSize));
  const made = augmentation.map((words) => {
    const step = steps.find((each) => each.words.test(words));
    if (step === undefined) throw new RangeError(`augmentation '${words}' is no transform`);
    const numbers = (step.words.exec(words) ?? []).slice(1).map(Number);
    return { words, kind: step.kind, transform: step.make(numbers, { ...images, scaled }) };
  });
  const has = (...kinds: readonly Kind[]) => made.some(({ kind }) => kinds.includes(kind));
  const of = (...kinds: readonly Kind[]) =>
    made.filter(({ kind }) => kinds.includes(kind)).map(({ transform }) => transform as Transform);
  const isGrey = mean.length === 1;
  const batch = made.find(({ kind }) => kind === 'batch');
  const trained = made.find(({ words }) => words.startsWith('randomResizedCrop'));
  return {
    transform: compose([
      ...(has('size', 'sizeAndCrop') ? [] : [resize(resizeSize)]),
      ...of('size', 'crop', 'sizeAndCrop', 'flip', ...(isGrey ? [] : (['color'] as const))),
      ...(has('crop', 'sizeAndCrop') ? [] : [centerCrop(cropSize)]),
      toTensor(),
      normalize(mean, std),
      ...of('after'),
    ]),
    batchTransform: batch === undefined ? null : (batch.transform as BatchTransform),
    notes: [
      ...(batch === undefined ? [] : [`the recipe draws ${batch.words} for each batch: here it is mixup`]),
      ...(isGrey && has('color') ? ['the recipe changes colours, which grey images have not'] : []),
      ...(trained !== undefined && Number(paperCrop) !== cropSize
        ? [`the recipe trains at ${paperCrop} pixels: the network has ${cropSize}`]
        : []),
    ],
  };
}
