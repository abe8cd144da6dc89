import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DataLoader, type Dataset } from '@cnnzoo/data';
import { expectThat, whileItMoves } from './expect.js';
import type { Random } from './random.js';
import { tinyRun } from './tiny-run.js';

const epochs = 3;

/** Images in memory, which workers transform. */
const dataset: Dataset = {
  length: 80,
  categories: ['up', 'down'],
  get: (index) => ({
    image: {
      data: Uint8Array.from(
        { length: 16 },
        (_, i) => 60 + ((index * 37 + i * 101) % 90) + (i < 8 === (index % 2 === 0) ? 80 : 0),
      ),
      width: 4,
      height: 4,
      channels: 1,
    },
    label: index % 2,
  }),
};

/** Ends worker threads of the loader of a run, busy and idle ones; a run that says so is resumed. */
export async function loaderWorkers(deaths: number, random: Random): Promise<string> {
  const loader = (workers: number) => new DataLoader(dataset, { batchSize: 4, shuffle: true, seed: 5, workers });
  const wanted = await tinyRun({ epochs, loader: loader(0) });
  const workers = new Set<Worker>();
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...given: Parameters<Worker['postMessage']>) {
    // Not the thread in which a TypeScript loader of Node lives.
    if (this.constructor === Worker) workers.add(this);
    post.apply(this, given);
  };
  let [killed, runs, refused] = [0, 0, 0];
  let folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-loader-'));
  try {
    while (killed < deaths) {
      const end = await whileItMoves('a run whose loader loses workers', (step) =>
        tinyRun({
          folder,
          epochs,
          loader: loader(2),
          onEvent: (event) => {
            step();
            if (event.type !== 'step' || killed >= deaths || random.below(4) > 0) return;
            const alive = [...workers].filter((worker) => worker.threadId > 0);
            const victim = alive[random.below(alive.length)];
            if (victim === undefined) return;
            workers.delete(victim);
            killed++;
            void victim.terminate();
          },
        }).then(
          (hash) => ({ hash }),
          (error: Error) => ({ error }),
        ),
      );
      if ('error' in end) {
        expectThat(/worker/i.test(end.error.message), `a dead worker gave: ${end.error.message}`);
        refused++;
        continue;
      }
      expectThat(end.hash === wanted, 'the weights after deaths of workers are others');
      runs++;
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-loader-'));
    }
    expectThat((await tinyRun({ folder, epochs, loader: loader(0) })) === wanted, 'the weights at the end are others');
  } finally {
    Worker.prototype.postMessage = post;
    // Where a run hangs, it still writes.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return `${killed} deaths of the loader's workers in ${runs + 1} runs: ${refused} ended with an error that names them and were resumed, final weights equal`;
}
