import type { Image } from '@cnnzoo/transforms';

/** How a picture becomes inputs of the network, whose class probabilities are averaged. */
export interface Protocol {
  /** As reports call it. */
  readonly name: string;
  /** The inputs of one picture: float pictures of one size. */
  crops(image: Image): readonly Image[];
}

export interface SingleCropOptions {
  /** Preprocessing, such as `compose([resize(256), centerCrop(224), toTensor(), normalize(mean, std)])`. */
  readonly transform: (image: Image) => Image;
}

/**
 * One input a picture: what most tables of today report.
 * @example
 * import { singleCrop } from '@cnnzoo/evaluate';
 * import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';
 *
 * const protocol = singleCrop({ transform: compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]) });
 */
export function singleCrop({ transform }: SingleCropOptions): Protocol {
  return { name: 'single crop', crops: (image) => [transform(image)] };
}
