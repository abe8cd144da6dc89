import { createRequire } from 'node:module';
import type { BatchTask, CollatedBatch } from './collate.js';
import { type Death, type PoolSetup, startMember, type Work } from './pool-member.js';

/** Workers that make batches. They do not keep the process alive while nobody waits for a batch. */
export interface WorkerPool {
  /**
   * Gives a batch to the worker with the least to do. Where the worker dies, another makes the same batch.
   * @throws DataError where an image cannot be used; Error naming worker, batch and cause where its workers died three times
   */
  run(task: BatchTask): Promise<CollatedBatch>;
  /** Fails what is not finished, and stops all workers. Settles even where one cannot be stopped. */
  close(): Promise<void>;
}

/** A batch whose worker died this often is not tried again: it is what kills them. */
const maxDeaths = 3;

/** Starts `count` workers. */
export async function startWorkerPool(count: number, setup: PoolSetup): Promise<WorkerPool> {
  // libvips must be loaded by the main thread first: on Linux a thread that loaded it must not end while others use it.
  if (setup.kind === 'thread') await import('sharp');
  // Found by the package's own export, so that its ESM and CommonJS builds and its tests start the same file: the ESM one, which
  // can import a user's module.
  const { resolve } = createRequire(import.meta.url);
  const file = resolve('@cnnzoo/data/worker').replace(/\.cjs$/, '.js');
  let closed = false;
  const slots = Array.from({ length: count }, (_, slot) => ({
    name: `worker ${slot + 1} of ${count}`,
    member: start(slot),
  }));

  function start(slot: number) {
    return startMember(file, setup, (unfinished, death) => onDeath(slot, unfinished, death));
  }

  /** What a dead worker has not finished goes to a new one; the first of it was being made. */
  function onDeath(slot: number, unfinished: readonly Work[], { cause, sample }: Death): void {
    const place = slots[slot];
    if (closed || place === undefined || unfinished.length === 0) return;
    const [current, ...others] = unfinished;
    place.member = start(slot);
    if (current !== undefined) {
      const next =
        sample === undefined ? { ...current, deaths: current.deaths + 1 } : withoutSample(current, sample, cause);
      if (next.deaths < maxDeaths) place.member.run(next);
      else
        current.reject(
          new Error(
            `${place.name} of the data loader ended ${maxDeaths} times while it made batch ${current.task.batch} of epoch ${current.task.epoch}; the last time: ${cause}`,
          ),
        );
    }
    for (const work of others) place.member.run(work);
  }

  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('the data loader was closed'));
        const idlest = slots.reduce((a, b) => (b.member.load < a.member.load ? b : a));
        // It may have died while it had nothing to do.
        if (idlest.member.dead) idlest.member = start(slots.indexOf(idlest));
        idlest.member.run({ task, resolve, reject, deaths: 0 });
      }),
    async close() {
      closed = true;
      await Promise.all(slots.map(({ member }) => member.close(new Error('the data loader was closed'))));
    },
  };
}

/** The same batch without a sample that cannot be made. */
function withoutSample(work: Work, sample: number, problem: string): Work {
  const samples = work.task.samples.map((reference, index) =>
    index === sample ? ({ kind: 'failed', name: reference.name, label: reference.label, problem } as const) : reference,
  );
  return { ...work, task: { ...work.task, samples } };
}
