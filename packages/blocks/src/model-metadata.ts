/** What a model knows of itself, kept in tfjs's user-defined metadata and so in saved models, too. */
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * How a picture becomes the network's input: the shorter side resized to `resizeSize`, `padding` pixels of black on each side, the
 * middle `cropSize` square cut out, values from 0 to 1, minus `mean`, divided by `std`.
 */
export interface Preprocessing {
  readonly resizeSize: number;
  readonly padding: number;
  readonly cropSize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** One a channel. */
  readonly mean: readonly number[];
  /** One a channel. */
  readonly std: readonly number[];
}

/** What a model of this project says about itself; it is saved with the model. */
export interface ModelMetadata {
  /** The architecture, as `createModel` calls it. */
  readonly id: string;
  /** What the architecture was called with. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly preprocessing: Preprocessing;
  /** The classes' names in the order of the outputs, or null where nobody has named them. */
  readonly categories: readonly string[] | null;
}

/** Mean and deviation of ImageNet's training pictures, as torchvision's weights want them. */
export const imagenetNormalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/**
 * ImageNet's preprocessing of a network with a square crop. The margin around the crop is an eighth of it: 256 for 224.
 * @param cropSize the input's height and width; where unknown, of the pictures a user is likely to have
 * @example
 * import { imagenetPreprocessing } from '@cnnzoo/blocks';
 *
 * const { resizeSize, cropSize } = imagenetPreprocessing(224);
 * console.log(resizeSize, cropSize); // 256 224
 */
export function imagenetPreprocessing(cropSize: number, channels = 3): Preprocessing {
  return {
    resizeSize: Math.round((cropSize * 256) / 224),
    padding: 0,
    cropSize,
    interpolation: 'bilinear',
    ...normalizationFor(channels, imagenetNormalization),
  };
}

/**
 * The normalisation of RGB for another number of channels: the average over RGB for each.
 * @example
 * import { imagenetNormalization, normalizationFor } from '@cnnzoo/blocks';
 *
 * const { mean } = normalizationFor(1, imagenetNormalization);
 * console.log(mean); // [0.449], for grey pictures
 */
export function normalizationFor(
  channels: number,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): { mean: number[]; std: number[] } {
  if (channels === mean.length) return { mean: [...mean], std: [...std] };
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: Array(channels).fill(average(mean)), std: Array(channels).fill(average(std)) };
}

/**
 * The metadata of a model from this project, built or loaded.
 * @returns null where the model has none
 * @example
 * import { modelMetadata } from '@cnnzoo/blocks';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * console.log(modelMetadata(resnet18({ numClasses: 10 }))?.id); // resnet18
 */
export function modelMetadata(model: LayersModel): ModelMetadata | null {
  const metadata = model.getUserDefinedMetadata() as Partial<ModelMetadata> | null | undefined;
  if (typeof metadata?.id !== 'string' || metadata.preprocessing === undefined) return null;
  return {
    id: metadata.id,
    options: metadata.options ?? {},
    preprocessing: metadata.preprocessing,
    categories: metadata.categories ?? null,
  };
}

/**
 * Changes some of a model's metadata, e.g. `setModelMetadata(model, { categories: ['cat', 'dog'] })`.
 * @example
 * import { setModelMetadata } from '@cnnzoo/blocks';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const model = resnet18({ numClasses: 2 });
 * setModelMetadata(model, { categories: ['cat', 'dog'] });
 */
export function setModelMetadata(model: LayersModel, metadata: Partial<ModelMetadata>): void {
  // A round through JSON: tfjs takes plain objects only, and the user's arrays stay the user's.
  model.setUserDefinedMetadata(JSON.parse(JSON.stringify({ ...model.getUserDefinedMetadata(), ...metadata })));
}
