import type { BatchTask, CollatedBatch } from './collate.js';
import type { TransformPlan } from './transform-source.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly plan: TransformPlan;
  readonly onError: 'throw' | 'skip';
  /** In shared memory: how many samples the worker has begun, and the place in its batch of the last one. */
  readonly progress: Int32Array;
}

/** What the loader sends its worker: a batch to make. */
export interface WorkerRequest {
  readonly id: number;
  readonly task: BatchTask;
}

/** What a worker answers: the batch, or what is wrong with which file. */
export type WorkerResponse =
  | { readonly id: number; readonly result: CollatedBatch }
  | { readonly id: number; readonly file: string | undefined; readonly message: string };
