import type { BatchTask, CollatedBatch } from './collate.js';
import type { TransformPlan } from './transform-source.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly plan: TransformPlan;
  readonly onError: 'throw' | 'skip';
  /** In shared memory: how many samples the worker has begun, and the place in its batch of the last one. Null for a process, which has none and sends messages. */
  readonly progress: Int32Array | null;
}

/** What the loader sends its worker: a batch to make. */
export interface WorkerRequest {
  readonly id: number;
  readonly task: BatchTask;
}

/** What a worker answers: the batch, what is wrong with which file, or, of a process, which sample it has begun. */
export type WorkerResponse =
  | { readonly begun: number }
  | { readonly id: number; readonly result: CollatedBatch }
  | { readonly id: number; readonly file: string | undefined; readonly message: string };
