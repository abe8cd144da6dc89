/** An address that stops sending. The server is a stream that is asked for one part after the other while the clock is turned. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSource } from './source.js';

const address = 'https://example.org/weights.safetensors';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answers after `answer` seconds, and sends a byte after each of `pauses`. */
function serve(answer: number, pauses: readonly number[]): void {
  const pass = (seconds: number, signal: AbortSignal) => {
    vi.advanceTimersByTime(1000 * seconds);
    signal.throwIfAborted();
  };
  vi.stubGlobal('fetch', async (_: string, { signal }: { signal: AbortSignal }) => {
    pass(answer, signal);
    const left = [...pauses];
    const body = new ReadableStream(
      {
        pull(controller) {
          const pause = left.shift();
          if (pause === undefined) return controller.close();
          try {
            pass(pause, signal);
            controller.enqueue(Uint8Array.of(left.length));
          } catch (error) {
            controller.error(error);
          }
        },
      },
      // Asked for no part before it is wanted.
      { highWaterMark: 0 },
    );
    return new Response(body);
  });
}

test('ends with an error that names it, where it does not answer or sends nothing more', async () => {
  serve(31, []);
  await expect(openSource(address)).rejects.toThrow(`${address}: it has sent nothing for 30 s`);
  serve(1, [1, 1, 31]);
  await expect(openSource(address)).rejects.toThrow(`${address}: it has sent nothing for 30 s`);
  serve(3, []);
  await expect(openSource(address, { stall: 2 })).rejects.toThrow('nothing for 2 s: try again, or raise limits.stall');
});

test('a slow one is read to its end, and leaves no timer behind', async () => {
  serve(29, [29, 29, 29]);
  const { size } = await openSource(address);
  expect(size).toBe(3);
  serve(100, [100]);
  expect((await openSource(address, { stall: Number.MAX_VALUE })).size).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
