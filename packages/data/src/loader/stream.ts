import {
  boolean,
  callable,
  check,
  checkOptions,
  integer,
  listOf,
  optional,
  type Rule,
  rule,
  string,
} from '@cnnzoo/checks';
import type { Image, Transform } from '@cnnzoo/transforms';
import { checkIndex, type Dataset, type PixelReference, type Sample, sampleRule } from '../datasets/dataset.js';
import { type BatchRecipe, type BatchTask, collate } from './collate.js';
import { type ImageBatch, toTensors } from './image-batch.js';

/** Samples that come one after the other: an array, a generator, a stream. */
export type Samples = Iterable<Sample> | AsyncIterable<Sample>;

const samplesRule: Rule<Samples> = rule<Samples>(
  'something to iterate over, such as an array or an async generator of samples',
  (value) => typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value),
);

/**
 * Reads all samples of any iterable into memory, as a data set that can be shuffled and split.
 * @param categories names of the labels
 * @throws TypeError where an argument or a sample is none; RangeError where a label is no index of a category
 * @example
 * import { collect } from '@cnnzoo/data';
 * async function* samples() {
 *   yield { image: { data: new Uint8Array(4), width: 2, height: 2, channels: 1 }, label: 0 };
 * }
 * console.log((await collect(samples(), ['cat'])).length); // 1
 */
export async function collect(samples: Samples, categories: readonly string[]): Promise<Dataset> {
  check('samples', samples, samplesRule);
  check('categories', categories, listOf(string()));
  const category = integer(0, categories.length - 1);
  const all: Sample[] = [];
  for await (const sample of samples) {
    const name = `sample ${all.length}`;
    check(`label of ${name}`, check(name, sample, sampleRule).label, category);
    all.push(sample);
  }
  return {
    length: all.length,
    categories,
    get(index) {
      checkIndex(index, all.length);
      return all[index] ?? { image: noImage, label: 0 };
    },
  };
}

const noImage: Image = { data: new Uint8Array(1), width: 1, height: 1, channels: 1 };

/** The options of `batchStream`. */
export interface BatchStreamOptions {
  readonly batchSize: number;
  /** Decides what random transforms draw. Default 0. */
  readonly seed?: number;
  readonly transform?: Transform;
  /** Leave out the last batch where it is smaller than the others. Default false. */
  readonly dropLast?: boolean;
}

/**
 * Batches of any iterable, in its order, without keeping more than one batch of it in memory.
 * @returns the batches; whoever takes one disposes its tensors. Dropping them half-way ends the iterable, too
 * @throws TypeError or RangeError where an option or a sample is wrong; DataError where a transform fails
 * @example
 * import { batchStream } from '@cnnzoo/data';
 * const image = { data: new Uint8Array(4), width: 2, height: 2, channels: 1 };
 * for await (const batch of batchStream([{ image, label: 0 }], { batchSize: 1 })) console.log(batch.images.shape); // [1, 2, 2, 1]
 */
export async function* batchStream(
  samples: Samples,
  options: BatchStreamOptions,
): AsyncGenerator<ImageBatch, void, undefined> {
  check('samples', samples, samplesRule);
  const {
    batchSize,
    seed = 0,
    transform,
    dropLast = false,
  } = checkOptions<BatchStreamOptions>('batchStream', options, {
    batchSize: integer(1),
    seed: optional(integer(0)),
    transform: optional(callable<Transform>('a transform')),
    dropLast: optional(boolean),
  });
  const recipe: BatchRecipe = {
    transform,
    batchTransform: undefined,
    onError: 'throw',
    decodedAtOnce: 1,
    lent: false,
  };
  let batch = 0;
  let pending: PixelReference[] = [];
  async function flush(): Promise<ImageBatch | undefined> {
    const task: BatchTask = { samples: pending, seed, epoch: 0, batch, start: batch * batchSize };
    pending = [];
    batch++;
    const result = await collate(task, recipe);
    return result.batch === undefined ? undefined : toTensors(result.batch);
  }
  for await (const sample of samples) {
    const name = `sample ${batch * batchSize + pending.length}`;
    const { image, label } = check(name, sample, sampleRule);
    pending.push({ kind: 'pixels', name, label: check(`label of ${name}`, label, integer(0)), image });
    if (pending.length < batchSize) continue;
    const full = await flush();
    if (full !== undefined) yield full;
  }
  if (pending.length === 0 || dropLast) return;
  const last = await flush();
  if (last !== undefined) yield last;
}
