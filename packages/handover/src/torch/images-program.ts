/** images.py: a recipe's augmentation and a network's preprocessing as torchvision's transforms. */
import type { BatchTransform, Transform, TransformDescription } from '@cnnzoo/transforms';
import { pythonArguments, pythonValue } from './python-text.js';

type Options = Readonly<Record<string, unknown>>;
type Writer = (first: unknown, second: Options, all: readonly unknown[]) => string;

const interpolation = (name: unknown): string =>
  `interpolation=InterpolationMode.${String(name ?? 'bilinear').toUpperCase()}`;
const constant = (name: string, args: string): string => `v2.${name}(${args})`;
/** A range, or a number that stands for one around the neutral value. */
const jitter = ({ brightness = 0, contrast = 0, saturation = 0, hue = 0 }: Options) =>
  pythonArguments({ brightness, contrast, saturation, hue }).slice(2);

const writers: Readonly<Record<string, Writer>> = {
  resize: (size, options = {}) =>
    constant(
      'Resize',
      `${pythonValue(typeof size === 'number' ? [size] : size)}, ${interpolation(options['interpolation'])}`,
    ),
  scaleJitter: (least, _, [, most]) => `ScaleJitter(${least}, ${most})`,
  centerCrop: (size) => constant('CenterCrop', pythonValue(size)),
  randomCrop: (size, options = {}) =>
    constant(
      'RandomCrop',
      `${pythonValue(size)}${pythonArguments({ padding: options['padding'], fill: options['fill'], padding_mode: options['mode'] })}`,
    ),
  randomResizedCrop: (size, options = {}) =>
    constant(
      'RandomResizedCrop',
      `${pythonValue(size)}${pythonArguments({ scale: options['scale'], ratio: options['ratio'] })}, ${interpolation(options['interpolation'])}`,
    ),
  pad: (border, options = {}) =>
    constant(
      'Pad',
      `${pythonValue(border)}${pythonArguments({ fill: options['fill'], padding_mode: options['mode'] })}`,
    ),
  randomHorizontalFlip: (probability = 0.5) => constant('RandomHorizontalFlip', String(probability)),
  randomVerticalFlip: (probability = 0.5) => constant('RandomVerticalFlip', String(probability)),
  horizontalFlip: () => constant('RandomHorizontalFlip', '1.0'),
  verticalFlip: () => constant('RandomVerticalFlip', '1.0'),
  pcaLighting: (deviation = 0.1) => `PCALighting(${deviation})`,
  colorJitter: (options) => constant('ColorJitter', jitter((options ?? {}) as Options)),
  grayscale: (channels = 1) => constant('Grayscale', String(channels)),
  trivialAugment: (options) => {
    const { bins, interpolation: how = 'nearest', fill } = (options ?? {}) as Options;
    return constant(
      'TrivialAugmentWide',
      `${interpolation(how)}${pythonArguments({ num_magnitude_bins: bins, fill })}`,
    );
  },
  randomErasing: (options) => {
    const { probability: p = 0.5, scale, ratio, value } = (options ?? {}) as Options;
    return constant('RandomErasing', pythonArguments({ p, scale, ratio, value }).slice(2));
  },
  toTensor: () => 'v2.ToImage(),\n        v2.ToDtype(torch.float32, scale=True)',
  normalize: (mean, _, [, std]) => constant('Normalize', `${pythonValue(mean)}, ${pythonValue(std)}`),
};

function calls({ name, arguments: given }: TransformDescription): string[] {
  if (name === 'compose') return (given[0] as readonly TransformDescription[]).flatMap(calls);
  const write = writers[name];
  if (write === undefined)
    throw new RangeError(
      `transform '${name}' has no form in torchvision here, expected one of ${Object.keys(writers).join(', ')}`,
    );
  return [write(given[0], given[1] as Options, given)];
}

function list(name: string, { description }: Transform): string {
  if (description === undefined)
    throw new TypeError(
      `${name} is a function of your own, which cannot be written in Python: write it into images.py`,
    );
  const lines = calls(description).map((call) => `        ${call},\n`);
  return `${name} = v2.Compose(\n    [\n${lines.join('')}    ]\n)\n`;
}

/** Augmentation of training images and of a batch, and what is done to test images. */
interface ImageTransforms {
  readonly training: Transform;
  readonly batch: BatchTransform | null;
  readonly test: Transform;
}

/** The text of images.py, and whether it needs more_transforms.py. */
export function imagesProgram(
  { training, batch, test }: ImageTransforms,
  title: string,
): { readonly text: string; readonly needsMore: boolean } {
  const lists = `# What is done to each training image. Images are Pillow's, as torchvision's folders give them.
${list('training_transform', training)}
${list('test_transform', test)}`;
  const more = ['PCALighting', 'ScaleJitter'].filter((name) => lists.includes(`${name}(`));
  const { name, options } = batch?.description ?? {};
  const mix =
    name === undefined || options === undefined
      ? 'None'
      : constant(
          name === 'mixup' ? 'MixUp' : 'CutMix',
          `alpha=${options.alpha ?? (name === 'mixup' ? 0.2 : 1)}, num_classes=${options.numClasses}`,
        );
  const interpolates = lists.includes('InterpolationMode');
  const text = `"""The images of ${title}, written by cnnzoo: the recipe's augmentation by torchvision's transforms."""

import torch
from torchvision.transforms import ${interpolates ? 'InterpolationMode, ' : ''}v2
${more.length === 0 ? '' : `\nfrom more_transforms import ${more.join(', ')}\n`}
${lists}
# What is done to a batch as a whole; the labels are shares of classes then.
mix_batch = ${mix}
`;
  return { text, needsMore: more.length > 0 };
}
