/** Workers that run a frozen model. They do not keep the process alive while nobody waits for a result. */
import { createRequire } from 'node:module';
import { startWorker, type WorkerKind } from '@cnnzoo/workers';
import type { Ticket } from './request.js';
import type { WorkerRequest, WorkerResponse, WorkerSetup } from './serve-requests.js';

interface Job {
  /** Belongs to the pool: it is transferred to the worker. */
  readonly images: Float32Array<ArrayBuffer>;
  readonly ticket: Ticket;
  resolve(result: Float32Array): void;
  reject(error: Error): void;
}

export interface WorkerPool {
  /** @param images belongs to the pool from now on */
  run(images: Float32Array<ArrayBuffer>, ticket?: Ticket): Promise<Float32Array>;
  /** Finishes what it was given and ends the workers. */
  close(): Promise<void>;
}

/** Requests that a worker has at once: while it sends one result and this thread is busy, it has the next to work on. */
const requestsAtOnce = 2;

interface Member {
  readonly jobs: Map<number, Job>;
  send(job: Job): void;
  close(): Promise<void>;
}

export interface PoolSetup {
  readonly graph: WorkerSetup['graph'];
  /** Threads of one operator. */
  readonly threads: number;
  readonly kind: WorkerKind;
}

/** Starts `count` workers. One that dies, busy, idle, at its start or while the pool closes, fails its jobs and is replaced. */
export function startWorkerPool(count: number, { graph, threads, kind }: PoolSetup): WorkerPool {
  const name = graph.signature.model;
  /** Let go of when the pool is closed: the graph has the model's weights. */
  // A process is for servers: others there decode images and move bytes meanwhile.
  let setup: WorkerSetup | null = { graph, options: { threads, yields: kind === 'process' } };
  // Found by the package's own export, so that its ESM and CommonJS builds and its tests start the same file.
  const file = createRequire(import.meta.url).resolve('@cnnzoo/backend-onnx/inference-worker');
  const waiting: Job[] = [];
  const open = new Set<Job>();
  let closing: (() => void) | null = null;

  const members: (Member | null)[] = Array.from({ length: count }, (_, slot) => start(slot));

  function start(slot: number): Member {
    const jobs = new Map<number, Job>();
    let nextId = 0;
    let served = false;
    let onEnded = () => {};
    const ended = new Promise<void>((resolve) => {
      onEnded = resolve;
    });
    const worker = startWorker(kind, file, setup, {
      onMessage(message) {
        const response = message as WorkerResponse;
        served = true;
        const job = settle(response.id);
        if ('result' in response) job?.resolve(response.result);
        else job?.reject(new Error(`frozen model '${name}': ${response.message}`));
        dispatch();
      },
      onEnd(reason) {
        const error = new Error(`a worker of frozen model '${name}' has died: ${reason}`);
        for (const id of [...jobs.keys()]) settle(id)?.reject(error);
        // One that has never served would only die again, and at the end none is needed: the next request starts another.
        members[slot] = served && closing === null ? start(slot) : null;
        onEnded();
        dispatch();
      },
    });
    const settle = (id: number): Job | undefined => {
      const job = jobs.get(id);
      jobs.delete(id);
      if (jobs.size === 0) worker.unref();
      return job;
    };
    const post = (request: WorkerRequest, transfer: readonly ArrayBuffer[]) => worker.post(request, transfer);
    return {
      jobs,
      send(job) {
        const id = nextId++;
        jobs.set(id, job);
        worker.ref();
        post({ id, images: job.images }, [job.images.buffer]);
      },
      close() {
        worker.ref();
        post(null, []);
        return ended;
      },
    };
  }

  function dispatch(): void {
    while (waiting.length > 0) {
      const slot = leastBusy();
      const member = members[slot] ?? start(slot);
      members[slot] = member;
      if (member.jobs.size >= requestsAtOnce) return;
      const job = waiting.shift();
      if (job?.ticket.dropped) job.reject(new Error('nobody waits for it'));
      else if (job !== undefined) member.send(job);
    }
  }

  function leastBusy(): number {
    const jobs = members.map((member) => member?.jobs.size ?? 0);
    return jobs.indexOf(Math.min(...jobs));
  }

  function finish(job: Job): void {
    open.delete(job);
    if (open.size === 0) closing?.();
  }

  return {
    run(images, ticket = { dropped: false }) {
      return new Promise((resolve, reject) => {
        const job: Job = {
          images,
          ticket,
          resolve: (result) => {
            finish(job);
            resolve(result);
          },
          reject: (error) => {
            finish(job);
            reject(error);
          },
        };
        open.add(job);
        waiting.push(job);
        dispatch();
      });
    },
    async close() {
      await new Promise<void>((resolve) => {
        closing = resolve;
        if (open.size === 0) resolve();
      });
      await Promise.all(members.map((member) => member?.close()));
      setup = null;
      members.fill(null);
    },
  };
}
