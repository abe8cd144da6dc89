import { check, integer, type Rule, rule } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';
import type { ArchivePart } from '../archives/archive-entry.js';
import type { Decoding } from '../images/decode-image.js';

/** One labelled image. */
export interface Sample {
  readonly image: Image;
  /** The index of its category. */
  readonly label: number;
}

/** Labelled images that can be asked for in any order. Any object of this shape is one. */
export interface Dataset {
  readonly length: number;
  readonly categories: readonly string[];
  get(index: number): Sample | Promise<Sample>;
}

/**
 * A data set whose samples can be described as plain data, so that a worker thread reads, decodes and transforms them while
 * the main thread trains. This package's data sets all are; for others the main thread reads and the workers transform.
 */
export interface ReferenceDataset extends Dataset {
  reference(index: number): SampleReference;
}

/** Where the pixels of a sample are. */
export type SampleReference = PixelReference | FileReference | FailedReference;

/** Pixels in memory; `data` is a view of shared memory, so that sending it to a worker copies nothing. */
export interface PixelReference {
  readonly kind: 'pixels';
  /** How error messages call the sample. */
  readonly name: string;
  readonly label: number;
  readonly image: Image;
}

/** A sample that could not be read where it was asked for: loading it throws. */
export interface FailedReference {
  readonly kind: 'failed';
  readonly name: string;
  readonly label: number;
  readonly problem: string;
}

/** An encoded image in a file, which may be an archive. */
export interface FileReference {
  readonly kind: 'file';
  /** How error messages call the sample: the path of the image, after the archive's path where it is in one. */
  readonly name: string;
  readonly label: number;
  readonly path: string;
  /** Where in the file the image's bytes are; without it, the file is the image. */
  readonly part?: ArchivePart;
  /** The file's bytes where it is no file of this machine; an archive's in shared memory. */
  readonly bytes?: Uint8Array;
  readonly decoding: Decoding;
}

export function isReferenceDataset(dataset: Dataset): dataset is ReferenceDataset {
  return 'reference' in dataset && typeof dataset.reference === 'function';
}

/** Throws a RangeError unless `index` is a place in a data set of `length` samples. */
export function checkIndex(index: number, length: number): void {
  check('index', index, integer(0, length - 1));
}

/** Any object with length, categories and get(index). */
export const datasetRule: Rule<Dataset> = rule<Dataset>(
  'a data set: an object with length, categories (strings) and get(index)',
  (value) => {
    const { length, categories, get } = (value ?? {}) as Partial<Dataset>;
    const named = Array.isArray(categories) && categories.every((category) => typeof category === 'string');
    return Number.isSafeInteger(length) && named && typeof get === 'function';
  },
);

/** What a data set gives. */
export const sampleRule: Rule<Sample> = rule<Sample>(
  'a sample: { image: { data, width, height, channels }, label }',
  (value) => {
    const { image } = (value ?? {}) as Partial<Sample>;
    const { data, width, height, channels } = (image ?? {}) as Partial<Image>;
    const isPixels = data instanceof Uint8Array || data instanceof Uint8ClampedArray || data instanceof Float32Array;
    return (
      isPixels &&
      data.length > 0 &&
      [width, height, channels].every((size = 0) => Number.isSafeInteger(size) && size > 0)
    );
  },
);

/** Numbers one after the other: an array or a typed array. */
export const numberListRule: Rule<ArrayLike<number>> = rule<ArrayLike<number>>(
  'an array of numbers',
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
);
