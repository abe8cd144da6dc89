import { type Image, normalize, pad, resize, toTensor } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * How a picture becomes a network's input: the shorter side resized to `resizeSize`, `padding` pixels of black on each side, the
 * middle `cropSize` square cut out, values from 0 to 1, minus `mean`, divided by `std`. What the networks of this project have in
 * their metadata.
 */
export interface Preprocessing {
  readonly resizeSize: number;
  /** Default 0. */
  readonly padding?: number;
  readonly cropSize: number;
  /** Default 'bilinear'. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** One a channel. */
  readonly mean: readonly number[];
  /** One a channel. */
  readonly std: readonly number[];
}

/** What a network of this project knows of itself, in tfjs's user-defined metadata. */
export interface Metadata {
  readonly preprocessing?: Preprocessing;
  readonly categories?: readonly string[] | null;
}

export function metadataOf(model: LayersModel): Metadata | null {
  return (model.getUserDefinedMetadata() ?? null) as Metadata | null;
}

/** @throws RangeError naming what is wrong with a model's preprocessing */
export function checkPreprocessing(preprocessing: Preprocessing, model: string, channels: number | null): void {
  const { resizeSize, cropSize, padding = 0, mean, std } = preprocessing;
  for (const [name, value, low] of [
    ['resizeSize', resizeSize, 1],
    ['cropSize', cropSize, 1],
    ['padding', padding, 0],
  ] as const)
    if (!Number.isInteger(value) || value < low)
      throw new RangeError(
        `preprocessing.${name} of model '${model}' must be a whole number of at least ${low}, got ${value}`,
      );
  for (const [name, values] of Object.entries({ mean, std }))
    if (!Array.isArray(values) || (channels !== null && values.length !== channels))
      throw new RangeError(
        `preprocessing.${name} of model '${model}' must be ${channels ?? 'as many'} numbers, one a channel, got ${JSON.stringify(values)}`,
      );
}

/** The picture from which crops are cut: its shorter side at `scale`, with the network's border of black. */
export function resizeToScale(image: Image, scale: number, { padding = 0, interpolation }: Preprocessing): Image {
  const resized = resize(scale, interpolation === undefined ? {} : { interpolation })(image);
  return padding === 0 ? resized : pad(padding)(resized);
}

/** Pixels as the network wants them: float32, normalised. */
export function normalized(image: Image, { mean, std }: Preprocessing): Image {
  return normalize(mean, std)(toTensor()(image));
}
