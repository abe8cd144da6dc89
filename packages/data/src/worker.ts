/** The program of a loader's workers: makes the batches it is asked for, one after the other. */
import { runWorker, type WorkerLink } from '@cnnzoo/workers';
import { DataError } from './data-error.js';
import { collate } from './loader/collate.js';
import { resolvePlan } from './loader/transform-source.js';
import type { WorkerRequest, WorkerResponse, WorkerSetup } from './loader/worker-messages.js';

async function serve(link: WorkerLink, { plan, onError, progress }: WorkerSetup): Promise<void> {
  const transforms = resolvePlan(plan);
  // A module that cannot be loaded is reported by the first batch.
  transforms.catch(() => {});
  // Each worker decodes on one core: more threads per image would only compete.
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  // A transform from a module may be anybody's.
  const lent = typeof plan.transform !== 'string';
  let previous = Promise.resolve();
  const begun = (index: number) => {
    if (progress === null) return link.post({ begun: index } satisfies WorkerResponse);
    Atomics.store(progress, 1, index);
    Atomics.add(progress, 0, 1);
  };
  link.onMessage((message) => {
    const { id, task } = message as WorkerRequest;
    previous = previous.then(async () => {
      try {
        const result = await collate(task, { ...(await transforms), onError, decodedAtOnce: 1, lent }, begun);
        const { batch } = result;
        const response: WorkerResponse = { id, result };
        link.post(response, batch === undefined ? [] : [batch.data.buffer as ArrayBuffer]);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const response: WorkerResponse = {
          id,
          file: error instanceof DataError ? error.file : undefined,
          message: text,
        };
        link.post(response);
      }
    });
  });
}

// A rejection ends the worker, which fails what it was asked for.
runWorker<WorkerSetup>((link, setup) => void serve(link, setup));
