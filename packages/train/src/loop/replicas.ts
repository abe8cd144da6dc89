/** Threads of the backend `onnx` that compute parts of a batch at the same time. */
import * as tf from '@tensorflow/tfjs-core';

/** Threads that compute parts of a training step beside this one. */
interface ReplicaThreads {
  /** The recording of a batch's first part begins. */
  begin(): void;
  /**
   * Records the first part again for another one, of images and labels of the same shapes.
   * @returns the other part's results; null where it has to be recorded by itself
   */
  repeat(results: readonly tf.Tensor[], given: readonly tf.Tensor[], others: readonly tf.Tensor[]): tf.Tensor[] | null;
  // Repeated in @cnnzoo/backend-onnx: neither package knows the other, and this is what one calls and the other offers.
  /** Has a thread compute what is recorded. */
  start(): void;
  /** Computes what is recorded in this thread, and waits for the others. */
  finish(): Promise<void>;
  /** Ends the threads. */
  close(): Promise<void>;
}

export interface Replicas extends Omit<ReplicaThreads, 'close'> {
  /** Parts of a batch. */
  readonly count: number;
}

interface ReplicatingBackend {
  readonly canReplicate?: boolean;
  startReplicas(count: number): ReplicaThreads;
}

const backend = () => tf.backend() as unknown as ReplicatingBackend;

/** @throws TypeError where the backend computes one part after the other whatever one asks for */
export function requireReplicas(): void {
  if (backend().canReplicate !== true)
    throw new TypeError(
      `replicas: the backend '${tf.getBackend()}' computes in one thread; use 'onnx' of @cnnzoo/backend-onnx on the processor, or leave replicas out`,
    );
}

/** Does work with so many replicas, and ends their threads; with null where there is one. */
export async function withReplicas<Result>(
  count: number,
  work: (replicas: Replicas | null) => Promise<Result>,
): Promise<Result> {
  if (count === 1) return work(null);
  const threads = backend().startReplicas(count);
  try {
    return await work({ ...threads, count });
  } finally {
    await threads.close();
  }
}
