import type { Runner } from './runner.js';

/** The runner that a classifier's calls share. */
export interface RunnerPool {
  /** Calls `work` with a runner of this many threads. Another number than before starts another runner; the one before ends with its last call. */
  use<T>(worker: number, work: (runner: Runner) => Promise<T>): Promise<T>;
  /** Ends the runner once nobody uses it. */
  close(): Promise<void>;
}

interface Shared {
  readonly worker: number;
  readonly runner: Promise<Runner>;
  users: number;
  /** Called by the last user of a runner that is no longer wanted. */
  unused: (() => void) | null;
}

export function runnerPool(start: (worker: number) => Promise<Runner>): RunnerPool {
  let current: Shared | null = null;
  const retiring = new Set<Promise<void>>();

  /** Ends a runner when its last call has ended. */
  async function retire(shared: Shared): Promise<void> {
    if (shared.users > 0)
      await new Promise<void>((resolve) => {
        shared.unused = resolve;
      });
    // One that could not be started has told its callers.
    const runner = await shared.runner.catch(() => null);
    await runner?.dispose();
  }

  function retireLater(shared: Shared): void {
    const retired = retire(shared);
    retiring.add(retired);
    // A failure is told by close.
    retired.then(
      () => retiring.delete(retired),
      () => {},
    );
  }

  return {
    async use(worker, work) {
      if (current?.worker !== worker) {
        const before = current;
        current = { worker, runner: start(worker), users: 0, unused: null };
        // Not waited for: the calls under way run beside this one.
        if (before !== null) retireLater(before);
      }
      const shared = current;
      shared.users++;
      try {
        const runner = await shared.runner.catch((error: unknown) => {
          // The next call tries again.
          if (current === shared) current = null;
          throw error;
        });
        return await work(runner);
      } finally {
        shared.users--;
        if (shared.users === 0) shared.unused?.();
      }
    },
    async close() {
      const last = current;
      current = null;
      if (last !== null) retireLater(last);
      await Promise.all(retiring);
    },
  };
}
