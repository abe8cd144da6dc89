/** A thread that computes parts of training steps, as this thread sees it. It does not keep the process alive while nobody waits for it. */
import { createRequire } from 'node:module';
import { startWorker } from '@cnnzoo/workers';
import type { Elements } from '../graph/layout.js';
import type { PartGraph, ReplicaRequest, ReplicaResponse } from './serve-parts.js';

/** What a thread answers: the outputs that it was given, and why they were not computed where they were not. */
export type Answer = Omit<ReplicaResponse, 'id'>;

export interface ReplicaThread {
  /** Why it is gone; null as long as it is there. Requests then come to nothing. */
  readonly ended: string | null;
  load(graph: number, part: PartGraph): void;
  drop(graph: number): void;
  /**
   * @param inputs in shared memory; null where the input has the values of this graph's run before
   * @param outputs the thread's until it answers
   * @returns rejects where the thread is gone, and its outputs with it
   */
  run(graph: number, inputs: readonly (Elements | null)[], outputs: readonly Elements[]): Promise<Answer>;
  /** Ends it when all before is done. */
  close(): Promise<void>;
}

interface Job {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * The file of the threads' program, found by the package's own export, so that its ESM and CommonJS builds and its tests start the same.
 * @throws Error where it is missing
 */
export function replicaProgram(): string {
  return createRequire(import.meta.url).resolve('@cnnzoo/backend-onnx/replica-worker');
}

export function startReplica(program: string = replicaProgram()): ReplicaThread {
  const jobs = new Map<number, Job>();
  let nextId = 0;
  let ended: string | null = null;
  let onEnded = () => {};
  const end = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  const worker = startWorker('thread', program, null, {
    onMessage(message) {
      const { id, ...answer } = message as ReplicaResponse;
      const job = jobs.get(id);
      jobs.delete(id);
      if (jobs.size === 0) worker.unref();
      job?.resolve(answer);
    },
    onEnd(reason) {
      ended = reason;
      for (const job of jobs.values()) job.reject(new Error(`a thread of a training step has ended: ${reason}`));
      jobs.clear();
      onEnded();
    },
  });
  const post = (request: ReplicaRequest, transfer: readonly ArrayBuffer[] = []) => {
    if (ended === null) worker.post(request, transfer);
  };
  return {
    get ended() {
      return ended;
    },
    load: (graph, part) => post({ kind: 'load', graph, part }),
    drop: (graph) => post({ kind: 'drop', graph }),
    run(graph, inputs, outputs) {
      if (ended !== null) return Promise.reject(new Error(`a thread of a training step has ended: ${ended}`));
      const id = nextId++;
      worker.ref();
      return new Promise((resolve, reject) => {
        jobs.set(id, { resolve, reject });
        const buffers = outputs.map(({ buffer }) => buffer as ArrayBuffer);
        post({ kind: 'run', id, graph, inputs, outputs }, buffers);
      });
    },
    async close() {
      if (ended !== null) return;
      worker.ref();
      post(null);
      await end;
    },
  };
}
