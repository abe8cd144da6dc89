/** Requests that come at the same time become one batch: a network predicts eight images at once in far less than eight times the time of one. */
/** How requests become batches, in the words of Triton. */
export interface Batching {
  /** Images in a batch, at most. Default 8. */
  readonly maxBatchSize?: number;
  /** Sizes that are sent at once, without waiting for more. Default: only the largest. */
  readonly preferredBatchSizes?: readonly number[];
  /** Milliseconds that an image waits for others while a worker is free, at most. Default 0: while all workers are busy, images gather anyway. */
  readonly maxQueueDelay?: number;
}

/** An image, or several that stay together. */
export interface QueuedImages {
  readonly images: Float32Array;
  readonly count: number;
  /** 1 goes first. Those of one priority go in their order. */
  readonly priority: number;
  /** Ends the wait: nobody waits for the answer any more, or it would come too late. */
  readonly signal: AbortSignal;
}

/** What a network said, and how long that took. */
export interface Answer {
  readonly outputs: Float32Array;
  /** Milliseconds. */
  readonly queueTime: number;
  readonly computeTime: number;
}

/** One batch that has been predicted, or has failed. */
export interface BatchRecord {
  readonly images: number;
  /** Milliseconds. */
  readonly computeTime: number;
  readonly error: unknown;
}

export interface BatchQueue {
  /** Images that wait. */
  readonly waiting: number;
  add(request: QueuedImages): Promise<Answer>;
  /** Predicts what waits without further delay; resolves when all is answered. */
  drain(): Promise<void>;
}

export interface BatchQueueOptions extends Required<Batching> {
  /** Batches that are predicted at a time. Each worker has one more at hand where that is full: one that is not may still grow until a worker is free. */
  readonly workers: number;
  /** Predicts the images of an array, which it takes over. */
  readonly run: (images: Float32Array) => Promise<Float32Array>;
  readonly onBatch: (batch: BatchRecord) => void;
}

interface Waiting extends QueuedImages {
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export function batchQueue(options: BatchQueueOptions): BatchQueue {
  const { maxBatchSize, maxQueueDelay, workers, run, onBatch } = options;
  const preferred = [...options.preferredBatchSizes].sort((a, b) => b - a);
  /** In the order in which they go. */
  const queue: Waiting[] = [];
  let images = 0;
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  let drained: (() => void) | null = null;

  /** The first requests that fit into `size` together. */
  function fitting(size: number): { requests: number; images: number } {
    let requests = 0;
    let count = 0;
    for (const next of queue) {
      if (count + next.count > size) break;
      count += next.count;
      requests++;
    }
    return { requests, images: count };
  }

  /** How many requests go now: a full batch, or, to a worker that is free, one of a preferred size or, after the delay, as many as fit. */
  function ready(now: number): number {
    const most = fitting(maxBatchSize);
    // The next request would not fit any more: waiting gains nothing.
    if (most.images === maxBatchSize || most.requests < queue.length) return most.requests;
    if (running >= workers) return 0;
    for (const size of preferred) {
      const batch = fitting(size);
      if (batch.images === size) return batch.requests;
    }
    return drained !== null || oldest() + maxQueueDelay <= now ? most.requests : 0;
  }

  const oldest = () => queue.reduce((least, { since }) => Math.min(least, since), Number.POSITIVE_INFINITY);

  function schedule(): void {
    clearTimeout(timer);
    timer = undefined;
    while (running < 2 * workers && queue.length > 0) {
      const now = performance.now();
      const count = ready(now);
      if (count === 0) {
        // The end of a batch looks again.
        if (running < workers) timer = setTimeout(schedule, Math.max(1, oldest() + maxQueueDelay - now));
        return;
      }
      const batch = queue.splice(0, count);
      images -= batch.reduce((sum, each) => sum + each.count, 0);
      void predict(batch, now);
    }
    if (running === 0 && queue.length === 0) drained?.();
  }

  async function predict(batch: readonly Waiting[], start: number): Promise<void> {
    running++;
    const count = batch.reduce((sum, each) => sum + each.count, 0);
    let error: unknown = null;
    try {
      const outputs = await run(together(batch));
      const computeTime = performance.now() - start;
      const size = outputs.length / count;
      let first = 0;
      for (const { count: own, since, resolve } of batch) {
        const rows = batch.length === 1 ? outputs : outputs.slice(first * size, (first + own) * size);
        resolve({ outputs: rows, queueTime: start - since, computeTime });
        first += own;
      }
    } catch (cause) {
      error = cause;
      for (const { reject } of batch) reject(cause);
    } finally {
      running--;
      onBatch({ images: count, computeTime: performance.now() - start, error });
      schedule();
    }
  }

  return {
    get waiting() {
      return images;
    },
    add(request) {
      return new Promise((resolve, reject) => {
        const { signal } = request;
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const leave = () => {
          const place = queue.indexOf(waiting);
          // Where it is being predicted the batch ends as any other, and nobody reads this answer.
          if (place >= 0) {
            queue.splice(place, 1);
            images -= request.count;
            schedule();
          }
          reject(signal.reason);
        };
        const settled =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            signal.removeEventListener('abort', leave);
            settle(value);
          };
        const waiting: Waiting = {
          ...request,
          since: performance.now(),
          resolve: settled(resolve),
          reject: settled(reject),
        };
        signal.addEventListener('abort', leave, { once: true });
        const later = queue.findIndex(({ priority }) => priority > request.priority);
        queue.splice(later < 0 ? queue.length : later, 0, waiting);
        images += request.count;
        schedule();
      });
    },
    drain: () =>
      new Promise((resolve) => {
        drained = resolve;
        schedule();
      }),
  };
}

function together(batch: readonly QueuedImages[]): Float32Array {
  const [only, ...others] = batch;
  if (only !== undefined && others.length === 0) return only.images;
  const images = new Float32Array(batch.reduce((sum, each) => sum + each.images.length, 0));
  let position = 0;
  for (const each of batch) {
    images.set(each.images, position);
    position += each.images.length;
  }
  return images;
}
