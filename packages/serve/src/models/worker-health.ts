/** Whether a model's workers can be started. One that dies is replaced by its pool; what counts is whether the next one predicts. */

/** Milliseconds between attempts, of which each is twice the one before up to the longest. */
const [shortest, longest] = [250, 10_000];

export interface WorkerHealth {
  /** Attempts in a row that failed; 0 while all is well. */
  readonly failedStarts: number;
  worked(): void;
  failed(): void;
  /** Tries no more. */
  close(): void;
}

/** @param probe predicts something. After a failure it is called until it succeeds. */
export function workerHealth(probe: () => Promise<void>): WorkerHealth {
  let failedStarts = 0;
  let probing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function attempt(): Promise<void> {
    try {
      await probe();
      failedStarts = 0;
      probing = false;
    } catch {
      failedStarts++;
      if (closed) return;
      timer = setTimeout(() => void attempt(), Math.min(longest, shortest * 2 ** failedStarts));
      // Only a server that listens keeps its process alive.
      timer.unref();
    }
  }

  return {
    get failedStarts() {
      return failedStarts;
    },
    worked() {
      failedStarts = 0;
    },
    failed() {
      if (probing || closed) return;
      probing = true;
      void attempt();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
