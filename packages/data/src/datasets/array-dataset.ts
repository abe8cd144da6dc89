import { check, checkOptions, integer, listOf, optional, rule, string } from '@cnnzoo/checks';
import { checkIndex, numberListRule, type ReferenceDataset } from './dataset.js';

/** The options of `arrayDataset`. */
export interface ArrayDatasetOptions {
  /** All images, one after the other, each HWC: [count, height, width, channels]. 8-bit, or float. */
  readonly data: Uint8Array | Float32Array;
  /** The category of each image. */
  readonly labels: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly categories: readonly string[];
  /** How error messages call the data. Default 'arrays'. */
  readonly name?: string;
}

/**
 * A data set of images in memory. `data` is kept where it lies in a SharedArrayBuffer and copied into one where not, so that
 * the loader's workers read it in place.
 * @returns a data set whose `get` is synchronous and copies no pixels
 * @throws TypeError for an unknown option or a wrong type; RangeError where the lengths disagree or a label is no index of a category
 * @example
 * import { arrayDataset } from '@cnnzoo/data';
 * const dataset = arrayDataset({ data: new Uint8Array(2 * 28 * 28), labels: [0, 1], width: 28, height: 28, channels: 1, categories: ['cat', 'dog'] });
 * console.log(dataset.length); // 2
 */
export function arrayDataset(options: ArrayDatasetOptions): ArrayDataset {
  const {
    width,
    height,
    channels,
    categories,
    name = 'arrays',
  } = checkOptions<ArrayDatasetOptions>('arrayDataset', options, {
    data: rule<Uint8Array | Float32Array>(
      'a Uint8Array or Float32Array',
      (value) => value instanceof Uint8Array || value instanceof Float32Array,
    ),
    labels: numberListRule,
    width: integer(1),
    height: integer(1),
    channels: integer(1),
    categories: listOf(string()),
    name: optional(string()),
  });
  const labels = Int32Array.from(options.labels);
  const size = width * height * channels;
  if (options.data.length !== labels.length * size)
    throw new RangeError(
      `data must hold ${labels.length} images (one per label) of ${height} x ${width} x ${channels} = ${labels.length * size} values, got ${options.data.length}`,
    );
  const category = integer(0, categories.length - 1);
  for (let i = 0; i < labels.length; i++) check(`labels[${i}]`, options.labels[i], category);

  const data = inSharedMemory(options.data);
  function sample(index: number) {
    checkIndex(index, labels.length);
    const image = { data: data.subarray(index * size, (index + 1) * size), width, height, channels };
    return { image, label: labels[index] ?? 0 };
  }
  return {
    length: labels.length,
    categories,
    get: sample,
    labels,
    // The sample first: it looks at the index.
    reference: (index) => ({ ...sample(index), kind: 'pixels', name: `${name}[${index}]` }),
  };
}

/** A data set whose images are in memory: samples come at once, and labels without images. */
export interface ArrayDataset extends ReferenceDataset {
  get(index: number): {
    image: { data: Uint8Array | Float32Array; width: number; height: number; channels: number };
    label: number;
  };
  /** The label of each image. */
  readonly labels: Int32Array;
}

function inSharedMemory<Pixels extends Uint8Array | Float32Array>(data: Pixels): Uint8Array | Float32Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const shared = new SharedArrayBuffer(data.byteLength);
  const copy = data instanceof Float32Array ? new Float32Array(shared) : new Uint8Array(shared);
  copy.set(data);
  return copy;
}
