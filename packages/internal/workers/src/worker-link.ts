/** A worker as its own program sees it. */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

export interface WorkerLink {
  onMessage(handle: (message: unknown) => void): void;
  /** @param transfer what a thread gives away; a process sends a copy */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Ends the worker when all that it has posted is on its way. */
  close(): void;
}

/** The argument by which a program knows that it is a worker: other processes have channels, too. */
export const processMark = 'cnnzoo-worker';

/** Calls `begin` where this program was started as a worker, and does nothing where it was only imported. */
export function runWorker<Setup>(begin: (link: WorkerLink, setup: Setup) => void): void {
  if (parentPort !== null) {
    const port = parentPort;
    const link: WorkerLink = {
      onMessage: (handle) => void port.on('message', handle),
      post: (message, transfer = []) => port.postMessage(message, [...transfer]),
      close: () => port.close(),
    };
    begin(link, workerData as Setup);
  } else if (process.argv[2] === processMark && process.connected) runProcess(begin);
}

/** The app's event loop goes first where processors are short: what it does takes microseconds, and would wait for a time slice of a worker's. */
function yieldToTheApp(): void {
  try {
    setPriority(Math.min(getPriority() + 5, constants.priority.PRIORITY_LOW));
  } catch {
    // Where a sandbox forbids it, workers compute as right.
  }
}

function runProcess<Setup>(begin: (link: WorkerLink, setup: Setup) => void): void {
  // Ctrl-C in a terminal, and some supervisors, tell every process of a group: the app answers what it has accepted, and says when its workers end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  yieldToTheApp();
  // The app has ended, however it did.
  process.once('disconnect', () => process.exit());
  let unsent = 0;
  let closing = false;
  const finish = () => {
    if (closing && unsent === 0 && process.connected) process.disconnect();
  };
  /** What comes before the program listens. */
  const early: unknown[] = [];
  let handle = (message: unknown): void => void early.push(message);
  const link: WorkerLink = {
    onMessage(handler) {
      handle = handler;
      for (const message of early.splice(0)) handle(message);
    },
    post(message) {
      unsent++;
      process.send?.(message, undefined, {}, () => {
        unsent--;
        finish();
      });
    },
    close() {
      closing = true;
      finish();
    },
  };
  process.once('message', (setup) => {
    process.on('message', (message) => handle(message));
    begin(link, setup as Setup);
  });
}
