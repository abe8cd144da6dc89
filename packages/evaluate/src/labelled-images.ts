import { type Rule, rule } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';

/** Labelled images, as @cnnzoo/data's data sets. Any object of this shape is one. */
export interface LabelledImages {
  readonly length: number;
  readonly categories: readonly string[];
  /** Where labels are known without reading images, wrong ones are found before any work. */
  readonly labels?: ArrayLike<number>;
  /** Where images are files, reports name those that were mistaken. */
  reference?(index: number): { readonly kind: string; readonly name: string };
  get(index: number): LabelledImage | Promise<LabelledImage>;
}

/** One labelled image. */
export interface LabelledImage {
  readonly image: Image;
  /** The index of its category. */
  readonly label: number;
}

export const datasetRule: Rule<LabelledImages> = rule<LabelledImages>(
  'a data set: an object with length, a number, categories, an array of names, and get(index)',
  (value) => {
    const set = value as Partial<Record<keyof LabelledImages, unknown>> | null | undefined;
    return (
      typeof set?.length === 'number' &&
      typeof set.get === 'function' &&
      Array.isArray(set.categories) &&
      set.categories.every((name) => typeof name === 'string')
    );
  },
);
