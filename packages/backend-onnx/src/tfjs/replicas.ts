/** Threads that compute parts of a training step beside this one. @cnnzoo/train splits the batches and adds up the gradients. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type ReplicaThread, replicaProgram, startReplica } from '../replicas/replica-thread.js';
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

/** How often threads may fail, times the parts, before everything is computed in one. */
const failuresOfEach = 3;

/**
 * @param count parts that are computed at the same time, one of them in this thread
 * @param onClose called when the threads are no longer wanted
 * @throws Error where the threads' program is missing
 */
export function startReplicas(parts: StepParts, count: number, onClose: () => void): Replicas {
  const program = replicaProgram();
  const threads: ReplicaThread[] = [];
  let failures = 0;
  let open: Promise<void>[] = [];
  let began: RecordingStart | null = null;
  /** A thread for a part; null where they have failed again and again, as where memory is out. */
  const threadOf = (slot: number): ReplicaThread | null => {
    if (failures >= failuresOfEach * count) return null;
    const known = threads[slot];
    const thread = known === undefined || known.ended !== null ? startReplica(program) : known;
    threads[slot] = thread;
    return thread;
  };
  const noteFailure = (reason: string | null) => {
    if (reason === null) return;
    failures++;
    if (failures === failuresOfEach * count)
      process.emitWarning(
        `@cnnzoo/backend-onnx: other threads fail to compute parts of batches (${reason}): all parts are computed in one thread from now on`,
      );
  };
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
      const thread = threadOf(open.length);
      if (thread === null) parts.flush(count);
      else open.push(parts.flushElsewhere(thread, count).then(noteFailure));
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
