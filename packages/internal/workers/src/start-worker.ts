/** A worker as its pool sees it. Threads start sooner and share memory; a process is all that a crash in native code ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { processMark } from './worker-link.js';

export type WorkerKind = 'thread' | 'process';

export interface WorkerEvents {
  readonly onMessage: (message: unknown) => void;
  /** Called once. @param reason why, in words */
  readonly onEnd: (reason: string) => void;
}

/** It does not keep the process alive unless `ref` says so. */
export interface StartedWorker {
  /** @param transfer what a thread takes over; a process gets a copy */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  /** Ends it at once, whatever it does. Resolves when it has ended. */
  terminate(): Promise<void>;
}

/**
 * Starts a program that calls `runWorker`.
 * @param setup what the program is given; without shared memory where it is a process
 */
export function startWorker(kind: WorkerKind, file: string, setup: unknown, events: WorkerEvents): StartedWorker {
  return kind === 'thread' ? startThread(file, setup, events) : startProcess(file, setup, events);
}

function startThread(file: string, workerData: unknown, { onMessage, onEnd }: WorkerEvents): StartedWorker {
  const worker = new Worker(file, { workerData });
  let cause: string | undefined;
  worker.on('message', onMessage);
  worker.on('error', (error: unknown) => {
    cause = error instanceof Error ? error.message : String(error);
  });
  // An answer that cannot be read is none: without an end, its request would wait for ever.
  worker.on('messageerror', (error) => {
    cause = `its answer could not be read (${error.message})`;
    void worker.terminate();
  });
  worker.on('exit', (code) => onEnd(cause ?? `exit code ${code}`));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    terminate: async () => void (await worker.terminate()),
  };
}

function startProcess(file: string, setup: unknown, { onMessage, onEnd }: WorkerEvents): StartedWorker {
  let child: ChildProcess;
  try {
    child = fork(file, [processMark], {
      serialization: 'advanced',
      // Its own options could be those of an app's loader or debugger.
      execArgv: [],
      // The standard output may be the answer of a command.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
  } catch (error) {
    // Where memory is out, Node throws at once: a pool that replaces a worker then must not end the app.
    setImmediate(() => onEnd(error instanceof Error ? error.message : String(error)));
    return { post() {}, ref() {}, unref() {}, async terminate() {} };
  }
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const finish = (reason: string) => {
      if (!ended) onEnd(reason);
      ended = true;
      resolve();
    };
    child.once('exit', (code, signal) => {
      const reason = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // What it had answered before may still be on its way.
      if (child.connected) child.once('disconnect', () => finish(reason));
      else finish(reason);
    });
    // Where it could not be started it does not exit. A message that did not reach it is answered by its exit.
    child.on('error', (error) => {
      if (child.pid === undefined) finish(error.message);
    });
  });
  child.on('message', onMessage);
  const post = (message: unknown) => {
    // What cannot be sent any more is answered by the exit, which is on its way.
    if (child.connected) child.send(message as object, () => {});
  };
  const unref = () => {
    child.unref();
    child.channel?.unref();
  };
  post(setup);
  unref();
  const ref = () => {
    child.ref();
    child.channel?.ref();
  };
  return {
    post,
    ref,
    unref,
    async terminate() {
      ref();
      child.kill('SIGKILL');
      await end;
    },
  };
}
