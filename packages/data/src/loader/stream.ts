import type { Image, Transform } from '@cnnzoo/transforms';
import { checkIndex, type Dataset, type PixelReference, type Sample } from '../datasets/dataset.js';
import { type BatchTask, collate } from './collate.js';
import { type Batch, toTensors } from './data-loader.js';

/** Samples that come one after the other: an array, a generator, a stream. */
export type Samples = Iterable<Sample> | AsyncIterable<Sample>;

/**
 * Reads all samples of any iterable into memory, as a data set that can be shuffled and split.
 * @param categories names of the labels
 * @throws RangeError where a label is no index of a category
 * @example
 * import { collect } from '@cnnzoo/data';
 * async function* samples() {
 *   yield { image: { data: new Uint8Array(4), width: 2, height: 2, channels: 1 }, label: 0 };
 * }
 * console.log((await collect(samples(), ['cat'])).length); // 1
 */
export async function collect(samples: Samples, categories: readonly string[]): Promise<Dataset> {
  const all: Sample[] = [];
  for await (const sample of samples) {
    if (!Number.isInteger(sample.label) || sample.label < 0 || sample.label >= categories.length)
      throw new RangeError(
        `label of sample ${all.length} must be a whole number from 0 to ${categories.length - 1}, got ${sample.label}`,
      );
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
 * @throws RangeError where an option is wrong; DataError where a transform fails
 * @example
 * import { batchStream } from '@cnnzoo/data';
 * const image = { data: new Uint8Array(4), width: 2, height: 2, channels: 1 };
 * for await (const batch of batchStream([{ image, label: 0 }], { batchSize: 1 })) console.log(batch.images.shape); // [1, 2, 2, 1]
 */
export async function* batchStream(
  samples: Samples,
  options: BatchStreamOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { batchSize, seed = 0, transform, dropLast = false } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
  const recipe = { transform, batchTransform: undefined, onError: 'throw' as const, decodedAtOnce: 1 };
  let batch = 0;
  let pending: PixelReference[] = [];
  async function flush(): Promise<Batch | undefined> {
    const task: BatchTask = { samples: pending, seed, epoch: 0, batch, start: batch * batchSize };
    pending = [];
    batch++;
    const result = await collate(task, recipe);
    return result.batch === undefined ? undefined : toTensors(result.batch);
  }
  for await (const { image, label } of samples) {
    pending.push({ kind: 'pixels', name: `sample ${batch * batchSize + pending.length}`, label, image });
    if (pending.length < batchSize) continue;
    const full = await flush();
    if (full !== undefined) yield full;
  }
  if (pending.length === 0 || dropLast) return;
  const last = await flush();
  if (last !== undefined) yield last;
}
