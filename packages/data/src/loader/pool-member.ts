import { startWorker, type WorkerKind } from '@cnnzoo/workers';
import { DataError } from '../data-error.js';
import type { BatchTask, CollatedBatch } from './collate.js';
import type { WorkerRequest, WorkerResponse, WorkerSetup } from './worker-messages.js';

/** A batch to make, and who waits for it. */
export interface Work {
  readonly task: BatchTask;
  readonly resolve: (result: CollatedBatch) => void;
  readonly reject: (error: Error) => void;
  /** How many workers have died while they made it. */
  readonly deaths: number;
}

/** How a worker died. `sample` is set where it was ended because that sample of its batch took too long. */
export interface Death {
  readonly cause: string;
  readonly sample?: number;
}

/** What workers are started with. */
export interface PoolSetup extends Omit<WorkerSetup, 'progress'> {
  /** Milliseconds that reading, decoding and transforming one image may take. */
  readonly imageTimeout: number;
  readonly kind: WorkerKind;
}

/** One worker, and the batches that it has to make. */
export interface PoolMember {
  /** Batches that it has to make. */
  readonly load: number;
  readonly dead: boolean;
  run(work: Work): void;
  /** Fails its batches and ends it. */
  close(reason: Error): Promise<void>;
}

/** Loading a worker's modules may take this long on a busy machine. */
const startMilliseconds = 60_000;
/** Closing waits this long for a worker that does not end, such as a thread in a decoder that does not return. */
const closeMilliseconds = 5_000;

/** Starts a worker. @param onDeath called once where it dies with batches to make, the one it was making first */
export function startMember(
  file: string,
  { imageTimeout, kind, ...data }: PoolSetup,
  onDeath: (unfinished: readonly Work[], death: Death) => void,
): PoolMember {
  /** Samples that were begun, and which one of its batch the last one is. */
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const waiting = new Map<number, Work>();
  let nextId = 0;
  let dead = false;
  let clock: NodeJS.Timeout | undefined;

  const setup: WorkerSetup = { ...data, progress: kind === 'thread' ? progress : null };
  const worker = startWorker(kind, file, setup, {
    onMessage(message) {
      const response = message as WorkerResponse;
      if ('begun' in response) {
        progress[1] = response.begun;
        progress[0] = (progress[0] ?? 0) + 1;
        return;
      }
      const work = settle(response.id);
      if ('result' in response) work?.resolve(response.result);
      else work?.reject(errorOf(response));
    },
    onEnd: (reason) => die({ cause: reason }),
  });

  function die(death: Death): void {
    if (dead) return;
    dead = true;
    clearInterval(clock);
    const unfinished = [...waiting.values()];
    waiting.clear();
    if (unfinished.length > 0) onDeath(unfinished, death);
  }

  /** Ends the worker where a sample takes too long. */
  function watch(): void {
    let [seen, since] = [-1, performance.now()];
    clock = setInterval(
      () => {
        const begun = Atomics.load(progress, 0);
        const now = performance.now();
        if (begun !== seen) [seen, since] = [begun, now];
        if (now - since < (begun === 0 ? Math.max(startMilliseconds, imageTimeout) : imageTimeout)) return;
        const seconds = ((now - since) / 1000).toFixed(0);
        die(
          begun === 0
            ? { cause: `it did not start in ${seconds} s` }
            : {
                cause: `it took longer than ${imageTimeout / 1000} s, so its worker was ended`,
                sample: Atomics.load(progress, 1),
              },
        );
        worker.unref();
        void worker.terminate();
      },
      Math.min(1000, imageTimeout / 4),
    );
    clock.unref();
  }

  function settle(id: number): Work | undefined {
    const work = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) {
      worker.unref();
      clearInterval(clock);
      clock = undefined;
    }
    return work;
  }

  return {
    get load() {
      return waiting.size;
    },
    get dead() {
      return dead;
    },
    run(work) {
      const request: WorkerRequest = { id: nextId++, task: work.task };
      waiting.set(request.id, work);
      if (clock === undefined) watch();
      worker.ref();
      worker.post(request);
    },
    async close(reason) {
      clearInterval(clock);
      dead = true;
      for (const work of waiting.values()) work.reject(reason);
      waiting.clear();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeMilliseconds);
      });
      await Promise.race([worker.terminate(), late]);
      clearTimeout(timer);
      worker.unref();
    },
  };
}

function errorOf({ file, message }: { file: string | undefined; message: string }): Error {
  // The message of a DataError starts with its file.
  return file === undefined ? new Error(message) : new DataError(file, message.slice(file.length + 2));
}
