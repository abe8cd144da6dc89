import {
  abortSignal,
  boolean,
  check,
  checkOptions,
  image as imageRule,
  integer,
  listOf,
  number,
  type OptionRules,
  oneOf,
  optional,
  rule,
  string,
} from '@cnnzoo/checks';
import type { Source } from '@cnnzoo/files';
import type { Image } from '@cnnzoo/transforms';
import { sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import type { SampleReference } from '../datasets/dataset.js';
import { readFileBytes } from '../datasets/named-files.js';
import type { Decoding } from '../images/decode-image.js';
import { type ImageFormat, imageFormats } from '../images/image-format.js';
import { collate } from './collate.js';
import { type TransformSource, transformPlan } from './transform-source.js';
import { unlessAborted } from './unless-aborted.js';
import { startWorkerPool, type WorkerPool } from './worker-pool.js';

/** The options of `imagePreparer`. */
export interface ImagePreparerOptions {
  /** What is done to each image; must end in images of one size. For workers, one of @cnnzoo/transforms', or the URL of a module. */
  readonly transform: TransformSource;
  /** Threads that read, decode and transform. 0 does it in the calling thread. Default 1. */
  readonly workers?: number;
  /** Whether the workers are processes: where a decoder crashes, the app continues. Default false: threads. */
  readonly processes?: boolean;
  /** Of the decoded images. Default 3, RGB. */
  readonly channels?: 1 | 3 | 4;
  /** An image file with more pixels is refused before it is decoded. Default: see `Decoding`. */
  readonly maxPixels?: number;
  /** The formats of image files that may reach a decoder. Default: all. */
  readonly formats?: readonly ImageFormat[];
  /** Seconds that one image may take in a worker, before its worker is ended and the image is refused. Default 60. */
  readonly imageTimeout?: number;
}

/** Images as a network takes them. */
export interface PreparedImages {
  /** [count, height, width, channels] */
  readonly data: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The options of `ImagePreparer.prepare`. */
export interface PrepareOptions {
  readonly signal?: AbortSignal;
  /** How errors call the images that are no files. Default: `images[0]` and so on. */
  readonly names?: readonly string[];
}

/** Decodes and transforms images that are asked for one by one or a few at a time. */
export interface ImagePreparer {
  /**
   * Prepares images in one worker; several calls at a time use several workers.
   * @param images files (a path, a file or https URL, bytes, a Blob, { size, read }) or pixels
   * @throws (rejects) DataError naming the image that cannot be read, decoded or transformed; the signal's reason where it aborts
   */
  prepare(images: readonly (Source | Image)[], options?: PrepareOptions): Promise<PreparedImages>;
  /** Ends the workers. What is not finished is rejected. */
  close(): Promise<void>;
}

const rules: OptionRules<ImagePreparerOptions> = {
  transform: rule<TransformSource>(
    'a transform or the URL of a module',
    (value) => typeof value === 'function' || value instanceof URL,
  ),
  workers: optional(integer(0)),
  processes: optional(boolean),
  channels: optional(oneOf([1, 3, 4])),
  maxPixels: optional(integer(1)),
  formats: optional(listOf(oneOf(imageFormats), 1)),
  imageTimeout: optional(number(0.1)),
};

const prepareRules: OptionRules<PrepareOptions> = { signal: optional(abortSignal), names: optional(listOf(string())) };

/**
 * Workers that decode and transform images for predictions, as a `DataLoader`'s do for training: the event loop stays free. They start
 * with the first image, and do not keep the process alive while nobody waits for one.
 * @throws TypeError or RangeError naming the option that is wrong, or where the transform cannot be sent to workers
 * @example
 * import { imagePreparer } from '@cnnzoo/data';
 * import { evaluationTransform } from '@cnnzoo/transforms';
 * const preparer = imagePreparer({ transform: evaluationTransform('imagenet'), workers: 2 });
 * const { data, count } = await preparer.prepare(['cat.jpg', 'dog.jpg']); // float32 [2, 224, 224, 3]
 * await preparer.close();
 */
export function imagePreparer(options: ImagePreparerOptions): ImagePreparer {
  const {
    transform,
    workers = 1,
    processes = false,
    channels = 3,
    maxPixels,
    formats,
    imageTimeout = 60,
  } = checkOptions<ImagePreparerOptions>('imagePreparer', options, rules);
  const plan = transformPlan(transform, undefined);
  if (workers === 0 && transform instanceof URL)
    throw new TypeError(
      'transform is a URL, which only worker threads import: give the function itself, or workers: 1 or more',
    );
  if (workers === 0 && processes)
    throw new RangeError('imagePreparer: processes says what workers are, but there is none: set workers to 1 or more');
  const kind = processes ? 'process' : 'thread';
  let starting: Promise<WorkerPool> | undefined;
  let closed = false;
  const run = async (samples: readonly SampleReference[]) => {
    const task = { samples, seed: 0, epoch: 0, batch: 0, start: 0 };
    if (workers === 0 && !(transform instanceof URL))
      return collate(task, {
        transform,
        batchTransform: undefined,
        onError: 'throw',
        decodedAtOnce: 4,
        lent: false,
      });
    starting ??= startWorkerPool(workers, { plan, onError: 'throw', imageTimeout: imageTimeout * 1000, kind });
    return (await starting).run(task);
  };
  return {
    async prepare(images, prepareOptions = {}) {
      if (closed) throw new Error('the image preparer was closed: make another');
      const { signal, names } = checkOptions<PrepareOptions>('prepare', prepareOptions, prepareRules);
      signal?.throwIfAborted();
      if (!Array.isArray(images) || images.length === 0)
        throw new TypeError('images must be an array of at least one image');
      const samples = Promise.all(
        images.map((image, index) =>
          referenceTo(image, names?.[index] ?? `images[${index}]`, { channels, maxPixels, formats }),
        ),
      );
      const { batch } = await unlessAborted(samples.then(run), signal);
      if (batch === undefined) throw new DataError('images', 'none could be used');
      const { labels: _, ...prepared } = batch;
      return prepared;
    },
    async close() {
      closed = true;
      await (await starting)?.close();
    },
  };
}

const pixelsRule = imageRule<Image>();

/** What a worker reads itself is sent to it by its path; all else by its bytes or pixels. */
async function referenceTo(image: Source | Image, place: string, decoding: Decoding): Promise<SampleReference> {
  if (typeof image === 'object' && image !== null && 'data' in image) {
    const { data, width, height, channels } = check(place, image, pixelsRule);
    // A view would take along all that it is a view of. Not by slice(), which of a Buffer makes a view.
    const own = data instanceof Float32Array ? new Float32Array(data) : new Uint8Array(data);
    return { kind: 'pixels', name: place, label: 0, image: { data: own, width, height, channels } };
  }
  const name = typeof image === 'string' || image instanceof URL || image instanceof Blob ? sourceName(image) : place;
  if (typeof image === 'string' && !/^[a-z]+:\/\//i.test(image))
    return { kind: 'file', name, label: 0, path: image, decoding };
  const bytes = new Uint8Array(await readFileBytes({ name, source: image }));
  return { kind: 'file', name, label: 0, path: '', bytes, decoding };
}
