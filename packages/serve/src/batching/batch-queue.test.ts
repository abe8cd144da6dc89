/** Requests in any order, with priorities, aborts and batches that fail: each is answered once, and rightly. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type Accepted, admission } from './admission.js';
import { type BatchQueueOptions, batchQueue } from './batch-queue.js';

/** A network whose output of an image is ten times its only value. Batches end when the test says so. */
function controlled(options: Partial<BatchQueueOptions> = {}) {
  const running: { values: number[]; end: (error?: Error) => void }[] = [];
  const queue = batchQueue({
    maxBatchSize: 4,
    preferredBatchSizes: [],
    maxQueueDelay: 0,
    workers: 1,
    onBatch: () => {},
    run: (images) =>
      new Promise((resolve, reject) => {
        running.push({
          values: [...images],
          end: (error) => (error ? reject(error) : resolve(images.map((value) => 10 * value))),
        });
      }),
    ...options,
  });
  return { queue, running };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;
const add = (queue: ReturnType<typeof batchQueue>, values: number[], priority = 5, signal = never) =>
  queue.add({ images: Float32Array.from(values), count: values.length, priority, signal });

test('images gather while all workers are busy, and a full batch is at hand when one is free', async () => {
  const { queue, running } = controlled();
  const answers = [1, 2, 3, 4].map((value) => add(queue, [value]));
  expect(running.map(({ values }) => values)).toEqual([[1]]);
  answers.push(...[5, 6].map((value) => add(queue, [value])));
  expect(running.map(({ values }) => values)).toEqual([[1], [2, 3, 4, 5]]);
  for (let i = 0; i < 3; i++) {
    running[i]?.end();
    await settled();
  }
  expect((await Promise.all(answers)).map(({ outputs }) => [...outputs])).toEqual([[10], [20], [30], [40], [50], [60]]);
});

test('a batch of a preferred size goes at once, another waits for more until its delay is over', async () => {
  const { queue, running } = controlled({ maxQueueDelay: 1e6, preferredBatchSizes: [2] });
  const first = add(queue, [1]);
  expect(running).toHaveLength(0);
  void add(queue, [2]);
  expect(running[0]?.values).toEqual([1, 2]);
  running[0]?.end();
  await first;
  void add(queue, [3]).catch(() => {});
  await settled();
  expect(running).toHaveLength(1);
  const drained = queue.drain();
  expect(running[1]?.values).toEqual([3]);
  running[1]?.end();
  await drained;
});

test('who is urgent goes first, and those of one priority in their order', async () => {
  const { queue, running } = controlled({ maxBatchSize: 1 });
  const answers = [add(queue, [0])];
  for (const [value, priority] of [
    [1, 5],
    [2, 9],
    [3, 1],
    [4, 5],
    [5, 1],
  ] as const)
    answers.push(add(queue, [value], priority));
  for (let i = 0; i < 6; i++) {
    running[i]?.end();
    await settled();
  }
  await Promise.all(answers);
  // Two were on their way before the others came.
  expect(running.map(({ values }) => values[0])).toEqual([0, 1, 3, 5, 4, 2]);
});

test('whatever comes, each request is answered once with its own outputs, and no batch is too large', async () => {
  const request = fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    priority: fc.integer({ min: 1, max: 9 }),
    abort: fc.boolean(),
    /** Batches that end before it comes. */
    ends: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      async (requests, workers, failures) => {
        const { queue, running } = controlled({ workers });
        let ended = 0;
        const end = () => {
          const batch = running[ended];
          if (batch === undefined) return;
          batch.end(failures[ended++] ? new Error('the worker has died') : undefined);
        };
        const outcomes = new Map<number, string[]>();
        const all = requests.map(async ({ size, priority, abort }, index) => {
          const controller = new AbortController();
          const values = Array.from({ length: size }, (_, i) => 100 * index + i);
          const note = (outcome: string) => outcomes.set(index, [...(outcomes.get(index) ?? []), outcome]);
          const answer = add(queue, values, priority, controller.signal).then(
            ({ outputs }) => note([...outputs].join() === values.map((each) => 10 * each).join() ? 'right' : 'wrong'),
            (error: Error) => note(error.message),
          );
          if (abort) controller.abort(new Error('the client has gone'));
          return answer;
        });
        for (const { ends } of requests) {
          for (let i = 0; i < ends; i++) end();
          await settled();
        }
        const drained = queue.drain();
        while (ended < running.length) {
          end();
          await settled();
        }
        await Promise.all([...all, drained]);
        expect(queue.waiting).toBe(0);
        expect(running.every(({ values }) => values.length <= 4)).toBe(true);
        for (const [index, { abort }] of requests.entries()) {
          const own = outcomes.get(index) ?? [];
          expect(own).toHaveLength(1);
          expect(abort ? ['the client has gone'] : ['right', 'the worker has died']).toContain(own[0]);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('what is accepted with a time limit is answered in it, at three times the capacity and in batches of unequal times', () => {
  for (const seed of [1, 2, 3]) {
    const random = randomNumbers(seed);
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const model = admission({ model: 'network', capacity: 1000, mostOfRequest: 8 });
    const waiting: Accepted[] = [];
    let batch: Accepted[] = [];
    let [end, answered, late, refused] = [0, 0, 0, 0];
    const predict = (until: number) => {
      while (batch.length > 0 || waiting.length > 0) {
        if (batch.length === 0) {
          batch = waiting.splice(0, 8);
          // 8 images in 30 ms, more or less, and now and then in twice that.
          end = Math.max(end, now) + (random() < 0.05 ? 60 : 15 + 30 * random());
        }
        if (end > until) return;
        now = end;
        for (const each of batch) {
          if (now > 2000) answered++;
          if (now > 2000 && now - each.since > 300) late++;
          model.release(each, now - each.since <= 300);
        }
        batch = [];
      }
    };
    for (let arrival = 0; arrival < 30_000; arrival += 1.25 * Math.log(1 / (1 - random()))) {
      predict(arrival);
      now = arrival;
      try {
        waiting.push(model.accept(1, 300));
      } catch {
        refused++;
      }
    }
    clock.mockRestore();
    expect(refused).toBeGreaterThan(answered);
    // Nothing is refused that the network has time for: it is busy all the time, with 8 images in 31.5 ms.
    expect(answered / (28_000 * (8 / 31.5))).toBeGreaterThan(0.95);
    expect(late / answered).toBeLessThan(0.02);
  }
});

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
