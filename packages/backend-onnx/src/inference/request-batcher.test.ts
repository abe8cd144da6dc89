/** Which requests go together. The network here doubles numbers; each batch is written down. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { requestBatcher } from './request-batcher.js';

function doubling() {
  const batches: number[] = [];
  const release: (() => void)[] = [];
  let held = false;
  return {
    batches,
    /** From now on batches run until they are released. */
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      for (const resolve of release.splice(0)) resolve();
    },
    run: async (images: Float32Array) => {
      batches.push(images.length);
      if (held) await new Promise<void>((resolve) => release.push(resolve));
      return images.map((x) => 2 * x);
    },
  };
}

const one = (value: number) => Float32Array.of(value);

it('requests of the same moment go together, at most so many', async () => {
  const network = doubling();
  const anHour = 3_600_000;
  const batcher = requestBatcher({ maxBatchSize: 4, maxDelay: anHour }, 1, network.run);
  const requests = Array.from({ length: 10 }, (_, i) => batcher.add(one(i), 1));
  // The last two would wait for others.
  await batcher.drain();
  const results = await Promise.all(requests);
  expect(results.map(([value]) => value)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  expect(network.batches).toEqual([4, 4, 2]);
});

it('a full batch does not wait for more requests', async () => {
  const network = doubling();
  const anHour = 3_600_000;
  const batcher = requestBatcher({ maxBatchSize: 2, maxDelay: anHour }, 1, network.run);
  const results = await Promise.all([batcher.add(one(1), 1), batcher.add(one(2), 1)]);
  expect(results.map(([value]) => value)).toEqual([2, 4]);
  expect(network.batches).toEqual([2]);
});

it('a request alone waits no longer than maxDelay', async () => {
  const network = doubling();
  const batcher = requestBatcher({ maxBatchSize: 64, maxDelay: 20 }, 1, network.run);
  const start = performance.now();
  await batcher.add(one(1), 1);
  // Timers may be early by a millisecond's rounding, and late by whatever else the machine does.
  expect(performance.now() - start).toBeGreaterThan(15);
  expect(network.batches).toEqual([1]);
});

it('while all lanes are busy requests gather', async () => {
  const network = doubling();
  const batcher = requestBatcher({ maxBatchSize: 8, maxDelay: 0 }, 1, network.run);
  network.hold();
  const first = batcher.add(one(1), 1);
  const others = Array.from({ length: 5 }, (_, i) => batcher.add(one(i), 1));
  expect(network.batches).toEqual([1]);
  network.release();
  await Promise.all([first, ...others]);
  expect(network.batches).toEqual([1, 5]);
});

it('a request larger than a batch goes alone', async () => {
  const network = doubling();
  const batcher = requestBatcher({ maxBatchSize: 2, maxDelay: 1 }, 1, network.run);
  const results = await Promise.all([batcher.add(one(1), 1), batcher.add(Float32Array.of(2, 3, 4), 3)]);
  expect(results.map((result) => Array.from(result))).toEqual([[2], [4, 6, 8]]);
  expect(network.batches).toEqual([1, 3]);
});

it('drain sends what waits, and waits for it', async () => {
  const network = doubling();
  const batcher = requestBatcher({ maxBatchSize: 2, maxDelay: 60_000 }, 1, network.run);
  network.hold();
  const results = Promise.all(Array.from({ length: 5 }, (_, i) => batcher.add(one(i), 1)));
  const drained = batcher.drain();
  network.release();
  await drained;
  expect(network.batches).toEqual([2, 2, 1]);
  expect((await results).map(([value]) => value)).toEqual([0, 2, 4, 6, 8]);
});

it('a batch that fails fails its requests, and the next goes on', async () => {
  let fails = true;
  const batcher = requestBatcher({ maxBatchSize: 2, maxDelay: 0 }, 1, async (images) => {
    if (!fails) return images;
    fails = false;
    throw new Error('no');
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((value) => batcher.add(one(value), 1)));
  expect(outcomes[0]?.status).toBe('rejected');
  expect(outcomes.at(-1)?.status).toBe('fulfilled');
});

it('each request gets its own result, whatever the sizes, lanes and limits', async () => {
  const request = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { maxLength: 12 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (requests, maxBatchSize, lanes) => {
        const network = doubling();
        const batcher = requestBatcher({ maxBatchSize, maxDelay: 0 }, lanes, network.run);
        const results = await Promise.all(
          requests.map((values) => batcher.add(Float32Array.from(values), values.length)),
        );
        expect(results.map((result) => Array.from(result, (value) => value + 0))).toEqual(
          requests.map((values) => values.map((value) => 2 * value + 0)),
        );
        const largest = Math.max(maxBatchSize, ...requests.map(({ length }) => length));
        for (const size of network.batches) expect(size).toBeLessThanOrEqual(largest);
        await batcher.drain();
      },
    ),
  );
});
