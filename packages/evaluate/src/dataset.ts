import type { Image } from '@cnnzoo/transforms';

/** Labelled pictures, as @cnnzoo/data's data sets. Any object of this shape is one. */
export interface Dataset {
  readonly length: number;
  readonly categories: readonly string[];
  /** Where labels are known without reading pictures, wrong ones are found before any work. */
  readonly labels?: ArrayLike<number>;
  get(index: number): Sample | Promise<Sample>;
}

/** One labelled picture. */
export interface Sample {
  readonly image: Image;
  /** The index of its category. */
  readonly label: number;
}
