import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { DataError } from '../data-error.js';
import type { BatchTask, CollatedBatch } from './collate.js';
import type { WorkerRequest, WorkerResponse, WorkerSetup } from './worker-messages.js';

interface Waiting {
  resolve(result: CollatedBatch): void;
  reject(error: Error): void;
}

/** Worker threads that make batches. They do not keep the process alive while nobody waits for a batch. */
export interface WorkerPool {
  /** Gives a batch to the worker with the least to do. */
  run(task: BatchTask): Promise<CollatedBatch>;
  /** Stops all workers, and fails what they have not finished. */
  close(): Promise<void>;
}

/** Starts `count` worker threads. */
export async function startWorkerPool(count: number, setup: WorkerSetup): Promise<WorkerPool> {
  // libvips must be loaded by the main thread first: on Linux a thread that loaded it must not end while others use it.
  await import('sharp');
  // Found by the package's own export, so that its ESM and CommonJS builds and its tests start the same file: the ESM one, which
  // can import a user's module.
  const { resolve } = createRequire(import.meta.url);
  const file = resolve('@cnnzoo/data/worker').replace(/\.cjs$/, '.js');
  const members = Array.from({ length: count }, () => startMember(file, setup));
  let nextId = 0;
  return {
    run(task) {
      const member = members.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
      return member.run(nextId++, task);
    },
    async close() {
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

function startMember(file: string, workerData: WorkerSetup) {
  const worker = new Worker(file, { workerData });
  const waiting = new Map<number, Waiting>();
  function settle(id: number): Waiting | undefined {
    const settled = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return settled;
  }
  function failAll(error: Error): void {
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  }
  worker.on('message', (response: WorkerResponse) => {
    const settled = settle(response.id);
    if ('result' in response) settled?.resolve(response.result);
    else settled?.reject(errorOf(response));
  });
  worker.on('error', failAll);
  worker.on('exit', (code) => failAll(new Error(`a worker of the data loader ended with code ${code}`)));
  worker.unref();
  return {
    waiting,
    run(id: number, task: BatchTask): Promise<CollatedBatch> {
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.ref();
        const request: WorkerRequest = { id, task };
        worker.postMessage(request);
      });
    },
    async close(): Promise<void> {
      failAll(new Error('the data loader was closed'));
      await worker.terminate();
    },
  };
}

function errorOf({ file, message }: { file: string | undefined; message: string }): Error {
  // The message of a DataError starts with its file.
  return file === undefined ? new Error(message) : new DataError(file, message.slice(file.length + 2));
}
