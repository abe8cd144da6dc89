/** The program of a loader's worker threads: makes the batches it is asked for, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { DataError } from './data-error.js';
import { collate } from './loader/collate.js';
import { resolvePlan } from './loader/transform-source.js';
import type { WorkerRequest, WorkerResponse, WorkerSetup } from './loader/worker-messages.js';

async function serve(port: NonNullable<typeof parentPort>, { plan, onError, progress }: WorkerSetup): Promise<void> {
  const transforms = resolvePlan(plan);
  // A module that cannot be loaded is reported by the first batch.
  transforms.catch(() => {});
  // Each worker decodes on one core: more threads per image would only compete.
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  let previous = Promise.resolve();
  port.on('message', ({ id, task }: WorkerRequest) => {
    previous = previous.then(async () => {
      try {
        const result = await collate(task, { ...(await transforms), onError, decodedAtOnce: 1 }, (index) => {
          Atomics.store(progress, 1, index);
          Atomics.add(progress, 0, 1);
        });
        const { batch } = result;
        const response: WorkerResponse = { id, result };
        port.postMessage(response, batch === undefined ? [] : [batch.data.buffer as ArrayBuffer]);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const response: WorkerResponse = { id, file: error instanceof DataError ? error.file : undefined, message };
        port.postMessage(response);
      }
    });
  });
}

// A rejection ends the worker, which fails what it was asked for.
if (parentPort !== null) void serve(parentPort, workerData as WorkerSetup);
