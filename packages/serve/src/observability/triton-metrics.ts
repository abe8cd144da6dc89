/** The same figures under the names of NVIDIA's Triton, for dashboards that exist. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { FailureReason } from '../http/http-error.js';
import type { RunningModel } from '../models/running-model.js';
import type { Inferred, Version } from './inferred.js';

export interface TritonMetrics {
  succeeded(model: Version, inferred: Inferred): void;
  failed(model: Version, reason: FailureReason): void;
  batch(model: Version): void;
}

/** Triton's reasons. */
const reasons: Partial<Record<FailureReason, string>> = {
  queue_full: 'REJECTED',
  timeout: 'REJECTED',
  canceled: 'CANCELED',
};

export function tritonMetrics(register: Registry, running: () => readonly RunningModel[]): TritonMetrics {
  const registers = [register];
  const labelsOf = ({ name, version }: Version) => ({ model: name, version });
  const counter = (name: string, help: string, more: readonly string[] = []) =>
    new Counter({ name, help, labelNames: ['model', 'version', ...more], registers });
  const success = counter('nv_inference_request_success', 'Number of successful inference requests');
  const failure = counter('nv_inference_request_failure', 'Number of failed inference requests', ['reason']);
  const count = counter('nv_inference_count', 'Number of inferences performed');
  const executions = counter('nv_inference_exec_count', 'Number of model executions performed');
  const request = counter('nv_inference_request_duration_us', 'Cumulative inference request duration in microseconds');
  const queue = counter('nv_inference_queue_duration_us', 'Cumulative inference queuing duration in microseconds');
  const input = counter('nv_inference_compute_input_duration_us', 'Cumulative compute input duration in microseconds');
  const infer = counter(
    'nv_inference_compute_infer_duration_us',
    'Cumulative compute inference duration in microseconds',
  );
  new Gauge({
    name: 'nv_inference_pending_request_count',
    help: 'Instantaneous number of pending requests awaiting execution',
    labelNames: ['model', 'version'],
    registers,
    collect() {
      this.reset();
      for (const model of running()) this.set(labelsOf(model), model.waiting);
    },
  });
  return {
    succeeded(model, { images, time, prepareTime, queueTime, computeTime }) {
      const labels = labelsOf(model);
      success.inc(labels);
      count.inc(labels, images);
      request.inc(labels, 1000 * time);
      input.inc(labels, 1000 * prepareTime);
      queue.inc(labels, 1000 * queueTime);
      infer.inc(labels, 1000 * computeTime);
    },
    failed(model, reason) {
      failure.inc({ ...labelsOf(model), reason: reasons[reason] ?? 'OTHER' });
    },
    batch(model) {
      executions.inc(labelsOf(model));
    },
  };
}
