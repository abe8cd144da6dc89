import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { arrayDataset } from '../datasets/array-dataset.js';
import { limitWorkersMemory } from '../fixtures/limit-memory.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { DataLoader } from './data-loader.js';
import type { DataLoaderOptions } from './data-loader-options.js';

const temporary = temporaryFolder();
const numbers = arrayDataset({
  data: Float32Array.from({ length: 40 }, (_, i) => i),
  labels: new Int32Array(40),
  width: 1,
  height: 1,
  channels: 1,
  categories: ['x'],
  name: 'numbers',
});
const options = { batchSize: 4, shuffle: true, seed: 3 } satisfies DataLoaderOptions;
let logs = 0;

/** The address of a transform that ends its worker, and how often it has. */
function dying(query: string) {
  const log = join(temporary, `deaths-${logs++}`);
  const transform = new URL(`../fixtures/dying-transform.mjs?${query}&log=${encodeURIComponent(log)}`, import.meta.url);
  return {
    transform,
    deaths: () => statSync(log, { throwIfNoEntry: false })?.size ?? 0,
    release: () => writeFileSync(`${log}.release`, ''),
  };
}

async function values(loader: DataLoader, index = 0, signal?: AbortSignal): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const { images, labels } of loader.epoch(index, 0, signal ? { signal } : {})) {
    batches.push([...images.dataSync()]);
    tf.dispose([images, labels]);
  }
  return batches;
}

let undisturbed: number[][];
beforeAll(async () => {
  await tf.setBackend('cpu');
  undisturbed = await values(new DataLoader(numbers, options));
});

describe('a worker that dies', () => {
  test.each([
    ['by process.exit while it makes a batch', 'how=exit&at=7', 1],
    ['by process.exit, twice at one image', 'how=exit&at=7&times=2', 2],
    ['by an error that nobody catches', 'how=late&at=7', 1],
    ['at its start', 'how=start&times=2', 2],
  ])('%s: the epoch has the same batches', async (_, query, times) => {
    const { transform, deaths } = dying(query);
    for (const workers of [1, 2]) {
      const loader = new DataLoader(numbers, { ...options, workers, transform });
      expect(await values(loader)).toEqual(undisturbed);
      await loader.close();
    }
    expect(deaths()).toBe(times);
  });

  test('always: the epoch ends with an error that names worker, batch and cause', async () => {
    const busy = new DataLoader(numbers, {
      ...options,
      workers: 1,
      transform: dying('how=exit&at=7&times=99').transform,
    });
    await expect(values(busy)).rejects.toThrow(
      /^worker 1 of 1 of the data loader ended 3 times while it made batch \d of epoch 0; the last time: .*code 3/,
    );
    const starting = new DataLoader(numbers, {
      ...options,
      workers: 2,
      transform: dying('how=start&times=99').transform,
    });
    await expect(values(starting)).rejects.toThrow(/ended 3 times .*code 5/);
    await Promise.all([busy.close(), starting.close()]);
  });

  test('by memory: the epoch has the same batches, or ends with an error that says so', async () => {
    const undo = limitWorkersMemory(40);
    try {
      const once = dying('how=memory&at=7');
      const loader = new DataLoader(numbers, { ...options, workers: 2, transform: once.transform });
      expect(await values(loader)).toEqual(undisturbed);
      expect(once.deaths()).toBe(1);
      const always = dying('how=memory&at=7&times=99').transform;
      const dies = new DataLoader(numbers, { ...options, workers: 1, transform: always });
      await expect(values(dies)).rejects.toThrow(/^worker 1 of 1 of the data loader ended 3 times .*memory/);
      await Promise.all([loader.close(), dies.close()]);
    } finally {
      undo();
    }
  });

  test('while it has nothing to do: the next epoch has its batches', async () => {
    const { transform, deaths } = dying('how=idle&at=7');
    const loader = new DataLoader(numbers, { ...options, workers: 1, transform });
    await values(loader);
    expect(deaths()).toBe(1);
    // Mostly the worker is dead by then, and still in the pool. Where it is not, it dies a moment later.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await values(loader)).toEqual(undisturbed);
    await loader.close();
  });

  test('while the loader closes', async () => {
    const loader = new DataLoader(numbers, {
      ...options,
      workers: 2,
      transform: dying('how=exit&at=7&times=99').transform,
    });
    const epoch = loader.epoch(0);
    const pending = epoch.next();
    await Promise.all([
      pending.then((b) => b.value && tf.dispose([b.value.images, b.value.labels])).catch(() => {}),
      epoch.return(undefined),
    ]);
    await loader.close();
    await expect(loader.close()).resolves.toBeUndefined();
  });
});

describe('an image that takes too long ends its worker', () => {
  test('and the epoch, with an error that names the image', async () => {
    const loader = new DataLoader(numbers, {
      ...options,
      workers: 2,
      imageTimeout: 5,
      transform: dying('how=hang&at=7&times=99').transform,
    });
    await expect(values(loader)).rejects.toThrow('numbers[7]: it took longer than 5 s, so its worker was ended');
    await loader.close();
  });

  test("or is left out, with onError: 'skip', even where nothing can end its thread", async () => {
    const { transform, deaths, release } = dying('how=native&at=7&times=99');
    const loader = new DataLoader(numbers, { ...options, workers: 2, imageTimeout: 5, onError: 'skip', transform });
    expect(await values(loader)).toEqual(undisturbed.map((batch) => batch.filter((value) => value !== 7)));
    expect(loader.skipped).toEqual([
      { file: 'numbers[7]', message: expect.stringContaining('took longer than'), times: 1 },
    ]);
    await loader.close();
    // The thread is still where it was.
    expect(deaths()).toBe(1);
    release();
  });
});

describe('a signal', () => {
  test.each([0, 2])('that aborts ends the epoch with its reason, with %d workers', async (workers) => {
    const before = tf.memory().numTensors;
    const loader = new DataLoader(numbers, { ...options, workers });
    const abort = new AbortController();
    const seen: number[] = [];
    const running = (async () => {
      for await (const { images, labels } of loader.epoch(0, 0, { signal: abort.signal })) {
        seen.push(images.shape[0]);
        tf.dispose([images, labels]);
        if (seen.length === 2) abort.abort(new Error('enough'));
      }
    })();
    await expect(running).rejects.toThrow('enough');
    expect(seen).toEqual([4, 4]);
    await expect(values(loader, 0, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(await values(loader)).toEqual(undisturbed);
    await loader.close();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is a deadline for a worker that hangs', async () => {
    const loader = new DataLoader(numbers, { ...options, workers: 1, transform: dying('how=hang&at=7').transform });
    await expect(values(loader, 0, AbortSignal.timeout(500))).rejects.toThrow(/timeout|aborted/i);
    await loader.close();
  });

  test('must be one', async () => {
    await expect(new DataLoader(numbers, options).epoch(0, 0, { signal: 5 } as never).next()).rejects.toThrow(
      'signal must be an AbortSignal, got 5',
    );
  });
});
