import { expect, test } from 'vitest';
import { frozenRunner, type Runner } from './runner.js';
import { runnerPool } from './runner-pool.js';

/** Runners that do nothing and note when they end. */
function fakes() {
  const events: string[] = [];
  const start = async (worker: number): Promise<Runner> => {
    events.push(`start ${worker}`);
    return {
      imagesAtOnce: worker,
      callsAtOnce: 1,
      outputs: async () => new Float32Array(),
      dispose: async () => void events.push(`end ${worker}`),
    };
  };
  return { events, start };
}

/** A promise, and what settles it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('another number of threads does not end those that calls use', async () => {
  const { events, start } = fakes();
  const pool = runnerPool(start);
  const [one, two] = [gate(), gate()];
  const calls = [
    pool.use(1, () => one.opened),
    pool.use(1, () => two.opened),
    pool.use(2, async ({ imagesAtOnce }) => void events.push(`use ${imagesAtOnce}`)),
  ];
  await calls[2];
  expect(events).toEqual(['start 1', 'start 2', 'use 2']);
  one.open();
  await calls[0];
  expect(events).not.toContain('end 1');
  two.open();
  await calls[1];
  await pool.close();
  expect(events).toEqual(['start 1', 'start 2', 'use 2', 'end 1', 'end 2']);
});

test('closing waits for calls under way', async () => {
  const { events, start } = fakes();
  const pool = runnerPool(start);
  const { opened, open } = gate();
  const call = pool.use(3, () => opened.then(() => void events.push('done')));
  const closed = pool.close();
  open();
  await Promise.all([call, closed]);
  expect(events).toEqual(['start 3', 'done', 'end 3']);
});

test('a runner that does not start is tried again', async () => {
  const { events, start } = fakes();
  let fails = true;
  const pool = runnerPool((worker) => (fails ? Promise.reject(new Error('no')) : start(worker)));
  await expect(pool.use(1, async () => 1)).rejects.toThrow('no');
  fails = false;
  expect(await pool.use(1, async () => 2)).toBe(2);
  await pool.close();
  expect(events).toEqual(['start 1', 'end 1']);
});

test('a network is frozen once there are images for it', async () => {
  let frozen = 0;
  const preprocessing = { resizeSize: 8, cropSize: 8, mean: [0.5], std: [0.5] };
  const runner = await frozenRunner(
    { classes: 2, categories: ['a', 'b'], channels: 1, preprocessing, givesProbabilities: false },
    async () => {
      frozen++;
      return { run: () => Float32Array.of(1, 2), dispose() {} };
    },
    0,
  );
  await expect(runner.outputs(['nowhere.png'], ['image'], undefined)).rejects.toThrow('nowhere.png');
  expect(frozen).toBe(0);
  const image = { data: new Uint8Array(64), width: 8, height: 8, channels: 1 };
  expect(Array.from(await runner.outputs([image], ['image'], undefined))).toEqual([1, 2]);
  await runner.outputs([image], ['image'], undefined);
  expect(frozen).toBe(1);
  await runner.dispose();
});
