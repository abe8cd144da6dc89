/** Puts requests that come at the same time into one batch: a network does eight images at once in far less than eight times the time. */
import type { Ticket } from './request.js';

/** How requests that come at the same time are put into one batch. */
export interface Batching {
  /** Images in a batch, at most. */
  readonly maxBatchSize: number;
  /** Milliseconds that a request waits for others, at most. While all workers are busy requests gather anyway. */
  readonly maxDelay: number;
}

interface Request {
  readonly images: Float32Array;
  readonly count: number;
  readonly since: number;
  readonly ticket: Ticket;
  resolve(result: Float32Array): void;
  reject(error: unknown): void;
}

export interface RequestBatcher {
  /** @param count images in the array */
  add(images: Float32Array, count: number, ticket?: Ticket): Promise<Float32Array>;
  /** Requests that wait go at once; resolves when all are done. */
  drain(): Promise<void>;
}

/**
 * @param lanes batches that run at the same time
 * @param run predicts the images of an array, which it takes over
 */
export function requestBatcher(
  { maxBatchSize, maxDelay }: Batching,
  lanes: number,
  run: (images: Float32Array<ArrayBuffer>) => Promise<Float32Array>,
): RequestBatcher {
  const waiting: Request[] = [];
  let waitingImages = 0;
  let running = 0;
  let drained: (() => void) | null = null;
  let timed = false;

  function schedule(): void {
    while (running < lanes) {
      leaveOutDropped();
      const [oldest] = waiting;
      if (oldest === undefined) {
        if (running === 0) drained?.();
        return;
      }
      const rest = oldest.since + maxDelay - performance.now();
      if (drained === null && waitingImages < maxBatchSize && rest > 0) {
        if (!timed) {
          timed = true;
          setTimeout(() => {
            timed = false;
            schedule();
          }, rest);
        }
        return;
      }
      void runBatch(take());
    }
  }

  /** Requests at the head of the queue that nobody waits for any more. */
  function leaveOutDropped(): void {
    for (let next = waiting[0]; next?.ticket.dropped; next = waiting[0]) {
      waiting.shift();
      waitingImages -= next.count;
      next.reject(new Error('nobody waits for it'));
    }
  }

  /** The oldest requests that fit into a batch together; one that is larger than a batch goes alone. */
  function take(): Request[] {
    const batch: Request[] = [];
    let count = 0;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (batch.length > 0 && count + next.count > maxBatchSize) break;
      count += next.count;
      batch.push(next);
      waiting.shift();
      leaveOutDropped();
    }
    waitingImages -= count;
    return batch;
  }

  async function runBatch(batch: readonly Request[]): Promise<void> {
    running++;
    try {
      const images = new Float32Array(batch.reduce((sum, request) => sum + request.images.length, 0));
      let position = 0;
      for (const request of batch) {
        images.set(request.images, position);
        position += request.images.length;
      }
      const result = await run(images);
      const size = result.length / batch.reduce((sum, { count }) => sum + count, 0);
      let first = 0;
      for (const { count, resolve } of batch) {
        resolve(batch.length === 1 ? result : result.slice(first * size, (first + count) * size));
        first += count;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running--;
      schedule();
    }
  }

  return {
    add(images, count, ticket = { dropped: false }) {
      return new Promise((resolve, reject) => {
        waiting.push({ images, count, since: performance.now(), ticket, resolve, reject });
        waitingImages += count;
        schedule();
      });
    },
    drain() {
      return new Promise((resolve) => {
        drained = resolve;
        schedule();
      });
    },
  };
}
