/** What `/metrics` tells Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { BatchRecord } from '../batching/batch-queue.js';
import type { FailureReason } from '../http/http-error.js';
import type { RunningModel } from '../models/running-model.js';
import type { Inferred, Version } from './inferred.js';
import { type TritonMetrics, tritonMetrics } from './triton-metrics.js';
import { workerMemory } from './worker-memory.js';

/** Sums of one version of a model since it was first loaded, for Triton's statistics. Times in milliseconds. */
export interface Sums {
  requests: number;
  failures: number;
  images: number;
  batches: number;
  time: number;
  failureTime: number;
  queueTime: number;
  computeTime: number;
}

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  sumsOf(model: Version): Readonly<Sums>;
  succeeded(model: Version, inferred: Inferred): void;
  failed(model: Version | null, reason: FailureReason, time: number): void;
  batch(model: Version, batch: BatchRecord): void;
}

/** Seconds: from a tenth of a millisecond to a minute. */
const seconds = [1e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const labelNames = ['model', 'version'] as const;

export function serverMetrics(names: 'cnnzoo' | 'triton', running: () => readonly RunningModel[]): Metrics {
  const register = new Registry();
  // The process's memory and processor time, and the event loop's delay.
  collectDefaultMetrics({ register });
  const registers = [register];
  const histogram = (name: string, help: string, buckets: number[] = seconds) =>
    new Histogram({ name, help, buckets, labelNames: [...labelNames], registers });
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string, value: (model: RunningModel) => number) =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        for (const model of running()) this.set({ model: model.name, version: model.version }, value(model));
      },
    });
  const requests = counter('cnnzoo_requests_total', 'Requests that were answered with a result.');
  const images = counter('cnnzoo_images_total', 'Images that were predicted for them.');
  const failures = new Counter({
    name: 'cnnzoo_failures_total',
    help: 'Requests that were answered with an error, or not at all because the client had gone.',
    labelNames: [...labelNames, 'reason'],
    registers,
  });
  const times = {
    request: histogram('cnnzoo_request_seconds', 'From the first byte of a request to its answer.'),
    prepare: histogram('cnnzoo_prepare_seconds', 'Decoding and preparing the images of a request.'),
    queue: histogram('cnnzoo_queue_seconds', 'Waiting for a worker.'),
    compute: histogram('cnnzoo_compute_seconds', 'Predicting the batch that a request was in.'),
  };
  const batchSize = histogram('cnnzoo_batch_size', 'Images in a batch.', [1, 2, 4, 8, 16, 32, 64, 128]);
  gauge('cnnzoo_waiting_images', 'Images that wait for a worker.', ({ waiting }) => waiting);
  gauge(
    'cnnzoo_accepted_images',
    'Images that were accepted and are not answered.',
    (model) => model.admission.accepted,
  );
  gauge('cnnzoo_model_healthy', '1 where the workers of a model can be started.', ({ healthy }) => Number(healthy));
  if (workerMemory() !== null)
    new Gauge({
      name: 'cnnzoo_workers_resident_memory_bytes',
      help: 'Resident memory of the worker processes, which process_resident_memory_bytes leaves out. Pages that they share count in each.',
      registers,
      collect() {
        this.set(workerMemory() ?? 0);
      },
    });
  const sums = new Map<string, Sums>();
  const sumsOf = ({ name, version }: Version): Sums => {
    const key = `${name} ${version}`;
    const none: Sums = {
      requests: 0,
      failures: 0,
      images: 0,
      batches: 0,
      time: 0,
      failureTime: 0,
      queueTime: 0,
      computeTime: 0,
    };
    const found = sums.get(key) ?? none;
    sums.set(key, found);
    return found;
  };
  const triton: TritonMetrics | null = names === 'triton' ? tritonMetrics(register, running) : null;
  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    sumsOf,
    succeeded({ name, version }, inferred) {
      const labels = { model: name, version };
      requests.inc(labels);
      images.inc(labels, inferred.images);
      times.request.observe(labels, inferred.time / 1000);
      times.prepare.observe(labels, inferred.prepareTime / 1000);
      times.queue.observe(labels, inferred.queueTime / 1000);
      times.compute.observe(labels, inferred.computeTime / 1000);
      const own = sumsOf({ name, version });
      own.requests++;
      own.images += inferred.images;
      own.time += inferred.time;
      own.queueTime += inferred.queueTime;
      own.computeTime += inferred.computeTime;
      triton?.succeeded({ name, version }, inferred);
    },
    failed(model, reason, time) {
      failures.inc({ model: model?.name ?? '', version: model?.version ?? '', reason });
      if (model === null) return;
      const own = sumsOf(model);
      own.failures++;
      own.failureTime += time;
      triton?.failed(model, reason);
    },
    batch(model, { images: count }) {
      batchSize.observe({ model: model.name, version: model.version }, count);
      sumsOf(model).batches++;
      triton?.batch(model);
    },
  };
}
