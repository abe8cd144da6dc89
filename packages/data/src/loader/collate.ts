import {
  type BatchTransform,
  type Image,
  type PixelBatch,
  type ResultPlace,
  randomGenerator,
  type Transform,
} from '@cnnzoo/transforms';
import { DataError } from '../data-error.js';
import type { Sample, SampleReference } from '../datasets/dataset.js';
import { loadSample } from '../datasets/load-sample.js';

/** What makes one batch: everything random in it follows from these numbers, whoever makes it. */
export interface BatchTask {
  readonly samples: readonly SampleReference[];
  readonly seed: number;
  readonly epoch: number;
  /** The batch's place in the epoch, and that of its first sample. */
  readonly batch: number;
  readonly start: number;
}

/** How batches are made; the same for all of a loader's. */
export interface BatchRecipe {
  readonly transform: Transform | undefined;
  readonly batchTransform: BatchTransform | undefined;
  readonly onError: 'throw' | 'skip';
  /** Images that are decoded at a time, in libuv's threads. More than one costs more in all, but uses idle cores. */
  readonly decodedAtOnce: number;
  /** Whether an image needs to last only until the next one is decoded: one is decoded at a time, and the transform keeps none. */
  readonly lent: boolean;
}

/** A batch as plain arrays. */
export interface PlainBatch extends Omit<PixelBatch, 'labels'> {
  /** int32 [count]; or float32 [count, classes], soft labels. */
  readonly labels: Int32Array | Float32Array;
}

/** A sample that was left out, and why. */
export interface SkippedSample {
  readonly file: string;
  readonly message: string;
}

export interface CollatedBatch {
  /** Undefined where every sample was skipped. */
  readonly batch: PlainBatch | undefined;
  readonly skipped: readonly SkippedSample[];
}

/** Loads, decodes, transforms and stacks the samples of one batch. @param onSample called before each sample */
export async function collate(
  task: BatchTask,
  recipe: BatchRecipe,
  onSample: (index: number) => void = () => {},
): Promise<CollatedBatch> {
  const { samples, seed, epoch, batch, start } = task;
  const stack = new BatchStack(samples.length);
  const skipped: SkippedSample[] = [];
  const pending: (Sample | Promise<Sample>)[] = [];
  for (let i = 0; i < samples.length; i++) {
    onSample(i);
    for (let ahead = pending.length; ahead < Math.min(samples.length, i + recipe.decodedAtOnce); ahead++)
      pending.push(begin(samples[ahead], recipe.lent));
    const name = samples[i]?.name ?? '';
    try {
      const loaded = pending[i];
      const sample = loaded instanceof Promise ? await loaded : loaded;
      if (sample === undefined) throw new DataError(name, 'no sample');
      const place = (length: number) => stack.place(length);
      stack.add(transformed(sample.image, name, recipe, place, seed, epoch, start + i), sample.label, name);
    } catch (error) {
      if (recipe.onError === 'throw') throw error;
      skipped.push({ file: error instanceof DataError ? error.file : name, message: messageOf(error) });
    }
  }
  const plain = stack.finish();
  onSample(samples.length);
  if (plain === undefined || recipe.batchTransform === undefined) return { batch: plain, skipped };
  return { batch: recipe.batchTransform(plain, randomGenerator(seed, epoch, batch, 0)), skipped };
}

/** Starts loading; a promise that fails before its turn is not an unhandled rejection. */
function begin(reference: SampleReference | undefined, lent: boolean): Sample | Promise<Sample> {
  if (reference === undefined) throw new RangeError('no sample');
  try {
    const loading = loadSample(reference, lent);
    if (loading instanceof Promise) loading.catch(() => {});
    return loading;
  } catch (error) {
    const failed = Promise.reject(error);
    failed.catch(() => {});
    return failed;
  }
}

function transformed(
  image: Image,
  name: string,
  { transform }: BatchRecipe,
  place: ResultPlace,
  seed: number,
  epoch: number,
  position: number,
): Image {
  if (transform === undefined) return image;
  try {
    const random = randomGenerator(seed, epoch, position);
    return transform.into === undefined ? transform(image, random) : transform.into(image, random, place);
  } catch (cause) {
    throw new DataError(name, `its transform failed (${messageOf(cause)})`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Images of one size, one after the other in one array. */
class BatchStack {
  readonly #labels: Int32Array;
  #data = new Float32Array(0);
  #first: Image | undefined;
  #count = 0;

  constructor(capacity: number) {
    this.#labels = new Int32Array(capacity);
  }

  /** Where so many numbers of the next image go. */
  place(length: number): Float32Array<ArrayBuffer> {
    const { length: capacity } = this.#labels;
    if (this.#first === undefined && this.#data.length !== capacity * length)
      this.#data = new Float32Array(capacity * length);
    const fits = this.#data.length === capacity * length;
    return fits ? this.#data.subarray(this.#count * length, (this.#count + 1) * length) : new Float32Array(length);
  }

  add(image: Image, label: number, name: string): void {
    const size = image.data.length;
    const place = this.place(size);
    if (this.#first === undefined) this.#first = image;
    else if (describeSize(this.#first) !== describeSize(image))
      throw new DataError(
        name,
        `${describeSize(image)} (height x width x channels), the batch's other images are ${describeSize(this.#first)}; end the transform in a crop, or in a resize to both sides`,
      );
    const isThere = image.data.buffer === place.buffer && image.data.byteOffset === place.byteOffset;
    if (!isThere) place.set(image.data);
    this.#labels[this.#count++] = label;
  }

  finish(): (PlainBatch & { labels: Int32Array }) | undefined {
    if (this.#first === undefined) return undefined;
    const { width, height, channels } = this.#first;
    const count = this.#count;
    return {
      data: this.#data.subarray(0, count * width * height * channels),
      labels: this.#labels.subarray(0, count),
      count,
      height,
      width,
      channels,
    };
  }
}

function describeSize({ height, width, channels }: Image): string {
  return `${height} x ${width} x ${channels}`;
}
