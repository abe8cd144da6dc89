import { integer, type OptionRules, optional, rule, shown } from '@cnnzoo/checks';
import type { Preprocessing } from '@cnnzoo/metadata';
import type { Image } from '@cnnzoo/transforms';
import { resizeToScale } from '../networks/preprocessing.js';

/** How an image becomes inputs of a network, whose class probabilities are averaged. */
export interface Protocol {
  /** As reports call it. */
  readonly name: string;
  /** How many inputs an image becomes: its cost in forward passes. */
  readonly inputsPerImage: number;
  /**
   * Refuses a network before anything is computed.
   * @throws TypeError or RangeError saying what does not fit
   */
  readonly check?: (format: InputFormat) => void;
  /**
   * The inputs of one image. Their weights add up to 1.
   * @throws RangeError where the image cannot be used; whoever calls adds the image's name
   */
  readonly views: (image: Image, format: InputFormat) => readonly View[];
}

export const protocolRule = rule<Protocol>('a protocol, such as tenCrop()', (value) => {
  const protocol = value as Partial<Record<keyof Protocol, unknown>> | null | undefined;
  return (
    typeof protocol?.views === 'function' &&
    (protocol.check === undefined || typeof protocol.check === 'function') &&
    typeof protocol.name === 'string' &&
    typeof protocol.inputsPerImage === 'number'
  );
});

/** The inputs of an image. @throws TypeError where the protocol gives anything else */
export function inputsOfImage(protocol: Protocol, image: Image, format: InputFormat): readonly View[] {
  const views: unknown = protocol.views(image, format);
  const isView = (view: unknown) => {
    const { input } = (view ?? {}) as { input?: Partial<Image> | null };
    return typeof input === 'object' && input !== null && ArrayBuffer.isView(input.data);
  };
  if (!Array.isArray(views) || !views.every(isView))
    throw new TypeError(
      `views of protocol '${protocol.name}' must give an array of { input: { data, width, height, channels }, weight, dense }, got ${shown(views)}`,
    );
  return views;
}

/** One input of a network. */
export interface View {
  /** Float32 values, normalized. */
  readonly input: Image;
  /** Its share of the mean over the image's views. */
  readonly weight: number;
  /** Applied densely: of any size; the class map's logits are averaged over space. */
  readonly dense: boolean;
}

/** What a network takes. */
export interface InputFormat {
  /** As error messages call the network. */
  readonly model: string;
  /** Height and width of a crop. */
  readonly crop: readonly [height: number, width: number];
  readonly channels: number | null;
  /** Null where neither the model's metadata nor the caller has any. */
  readonly preprocessing: Preprocessing | null;
  /**
   * Rows and columns of the class map of a dense input.
   * @throws RangeError where the input is too small, or the network cannot be applied densely
   */
  classMapSize(height: number, width: number): readonly [rows: number, columns: number];
}

/** Options of a protocol that works at one scale. */
export interface ScaleOptions {
  /** Length in pixels to which the image's shorter side is resized: S or Q in the papers. Default: the network's own. */
  readonly scale?: number;
}

/** The network's preprocessing. @throws TypeError where there is none */
export function requirePreprocessing({ preprocessing, model }: InputFormat): Preprocessing {
  if (preprocessing !== null) return preprocessing;
  throw new TypeError(
    `model '${model}' has no preprocessing in its metadata: give { model, preprocessing: { resizeSize, cropSize, mean, std } } instead of the model, or a singleCrop with a transform`,
  );
}

export const scaleRules: OptionRules<ScaleOptions> = { scale: optional(integer(1)) };

/**
 * What protocols of one scale share: the options are checked, the scale is in the name, and the image is resized to it with the
 * network's border.
 * @param fits refuses a network before anything is computed
 * @param viewsOf the resized image, not normalized
 */
export function protocolOfOneScale(
  name: string,
  { scale }: ScaleOptions,
  inputsPerImage: number,
  fits: (format: InputFormat, scale: number) => void,
  viewsOf: (resized: Image, format: InputFormat, preprocessing: Preprocessing) => readonly View[],
): Protocol {
  const scaleFor = (format: InputFormat) => scale ?? requirePreprocessing(format).resizeSize;
  return {
    name: scale === undefined ? name : `${name} at ${scale}`,
    inputsPerImage,
    check: (format) => fits(format, scaleFor(format)),
    views: (image, format) => {
      const preprocessing = requirePreprocessing(format);
      return viewsOf(resizeToScale(image, scaleFor(format), preprocessing), format, preprocessing);
    },
  };
}

/** @throws RangeError where crops of the network's size cannot be cut out of images of this scale */
export function checkCropFits(format: InputFormat, scale: number): void {
  const { padding = 0 } = requirePreprocessing(format);
  const [height, width] = format.crop;
  if (scale + 2 * padding < Math.min(height, width))
    throw new RangeError(
      `scale ${scale} is below the crop of ${height} x ${width} of model '${format.model}', expected at least ${Math.min(height, width) - 2 * padding}`,
    );
}

/** @throws RangeError where a crop is larger than the image */
export function checkImageHoldsCrop({ height, width }: Image, { crop, model }: InputFormat): void {
  if (height < crop[0] || width < crop[1])
    throw new RangeError(`${height} x ${width} is smaller than the crop of ${crop.join(' x ')} of model '${model}'`);
}
