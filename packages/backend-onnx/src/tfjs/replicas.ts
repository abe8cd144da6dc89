/** Threads that compute parts of a training step beside this one. @cnnzoo/train splits the batches and adds up the gradients. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type ReplicaThread, startReplica } from '../replicas/replica-thread.js';
import type { RecordingStart, StepParts } from './step-parts.js';

export interface Replicas {
  /** The recording of a batch's first part begins. Its images and labels are computed. */
  begin(): void;
  /**
   * Records the first part again for another one.
   * @param results what was recorded since `begin`
   * @param given the first part's images and labels
   * @param others the other part's, of the same shapes
   * @returns the other part's results; null where it has to be recorded by itself
   */
  repeat(results: readonly Tensor[], given: readonly Tensor[], others: readonly Tensor[]): Tensor[] | null;
  /** Has a thread compute what is recorded. */
  start(): void;
  /** Computes what is recorded in this thread, and waits for the others. */
  finish(): Promise<void>;
  /** Ends the threads, when what they compute is there. */
  close(): Promise<void>;
}

/**
 * @param count parts that are computed at the same time, one of them in this thread
 * @param onClose called when the threads are no longer wanted
 */
export function startReplicas(parts: StepParts, count: number, onClose: () => void): Replicas {
  const threads: ReplicaThread[] = [];
  let open: Promise<void>[] = [];
  let began: RecordingStart | null = null;
  const settled = async () => {
    const waiting = open;
    open = [];
    await Promise.all(waiting);
  };
  return {
    begin() {
      parts.flush(1);
      began = parts.begin();
    },
    repeat: (results, given, others) => (began === null ? null : parts.repeat(results, began, given, others)),
    start() {
      const slot = open.length;
      let thread = threads[slot];
      if (thread === undefined || thread.ended) {
        thread = startReplica();
        threads[slot] = thread;
      }
      open.push(parts.flushElsewhere(thread, count));
    },
    async finish() {
      parts.flush(count);
      await settled();
      parts.continueStep();
    },
    async close() {
      onClose();
      await settled();
      await Promise.all(threads.splice(0).map((thread) => thread.close()));
    },
  };
}
