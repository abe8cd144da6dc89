/** What a recipe of a paper does to training images, from its words to transforms. */
import type { Recipe } from '@cnnzoo/train';
import {
  type BatchTransform,
  centerCrop,
  colorJitter,
  compose,
  mixup,
  normalize,
  type Preprocessing,
  pad,
  pcaLighting,
  randomCrop,
  randomErasing,
  randomHorizontalFlip,
  randomResizedCrop,
  resize,
  scaleJitter,
  type Transform,
  toTensor,
  trivialAugment,
} from '@cnnzoo/transforms';

export interface Augmentation {
  readonly transform: Transform;
  /** What is done to a batch as a whole. */
  readonly batchTransform: BatchTransform | null;
  /** Where this is not what the recipe says. */
  readonly notes: readonly string[];
}

/** How the network's images are, and how many classes they have. */
interface Images {
  readonly preprocessing: Preprocessing;
  readonly classes: number;
}

/** What a step changes: the size of an image, its place in the crop, its colours (which a grey image has not), or what is made of it at the end. */
type Kind = 'size' | 'crop' | 'sizeAndCrop' | 'flip' | 'color' | 'after' | 'always' | 'batch';

interface Step {
  readonly words: RegExp;
  readonly kind: Kind;
  /** @param numbers those in the words, in their order; `scaled` in proportion to the network's crop */
  readonly make: (
    numbers: readonly number[],
    images: Images & { readonly scaled: (size: number) => number },
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
 * A recipe's augmentation for a network.
 * @throws RangeError naming words that mean no transform
 */
export function recipeAugmentation({ augmentation }: Pick<Recipe, 'augmentation'>, images: Images): Augmentation {
  const { resizeSize, cropSize, mean, std } = images.preprocessing;
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
