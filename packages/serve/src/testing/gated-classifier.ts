import { setTimeout as delay } from 'node:timers/promises';
import { fakeClassifier } from './fake-classifier.js';

/** A classifier whose batches wait while the gate is closed. */
export function gated() {
  const classifier = fakeClassifier();
  let closed: PromiseWithResolvers | null = null;
  const gate = () => closed?.promise;
  classifier.onRun = gate;
  return {
    classifier,
    /** What `onRun` is. */
    gate,
    close() {
      let resolve = () => {};
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      closed = { promise, resolve };
    },
    open() {
      closed?.resolve();
      closed = null;
    },
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Waits for what soon will be. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(2);
}
