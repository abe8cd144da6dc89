/** What the routes share: models, metrics, traces, and how one request is answered. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isHttpError } from './http/http-error.js';
import { withTerms } from './http/request-terms.js';
import type { ModelRepository } from './models/model-repository.js';
import type { RequestTerms, RunningModel } from './models/running-model.js';
import type { Inferred } from './observability/inferred.js';
import type { Metrics } from './observability/metrics.js';
import type { Tracing } from './observability/tracing.js';
import type { ServerSettings } from './server-options.js';

/** What a request has cost, for metrics and the log. */
export type Costs = Omit<Inferred, 'time'>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request that a model answers. */
    served?: { readonly model: string; readonly version: string; costs?: Costs };
  }
}

export interface Serving {
  readonly settings: ServerSettings;
  readonly models: ModelRepository;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

export interface Terms {
  /** 1 goes first; 0 for the middle. */
  readonly priority: number;
  /** Milliseconds; null for the server's own. */
  readonly timeout: number | null;
}

/** Refuses a request before its body is read, where its model takes no more. @throws HttpError 429 */
export function refuseWhereFull({ settings, metrics }: Serving, request: FastifyRequest, model: RunningModel): void {
  try {
    model.admission.check(settings.timeout);
  } catch (error) {
    request.served = { model: model.name, version: model.version };
    metrics.failed(model, 'queue_full', 0);
    throw error;
  }
}

/**
 * Answers a request of a model, and counts it.
 * @param count images, which are refused where the model has accepted too many already
 */
export async function serve<T>(
  { settings, metrics, tracing }: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
  model: RunningModel,
  count: number,
  { priority, timeout }: Terms,
  work: (terms: RequestTerms) => Promise<{ readonly answer: T; readonly costs: Costs }>,
): Promise<T> {
  const start = performance.now();
  const { name, version } = model;
  request.served = { model: name, version };
  const attributes = { 'cnnzoo.model': name, 'cnnzoo.version': version, 'cnnzoo.images': count };
  try {
    const limit = timeout ?? settings.timeout;
    const accepted = model.admission.accept(count, limit);
    let answered = false;
    try {
      const { answer, costs } = await tracing.request(request.headers, attributes, () =>
        model.use(() => withTerms(request, reply, { priority, timeout: limit }, work)),
      );
      answered = true;
      request.served.costs = costs;
      metrics.succeeded(model, { ...costs, time: performance.now() - start });
      return answer;
    } finally {
      model.admission.release(accepted, answered);
    }
  } catch (error) {
    metrics.failed(model, isHttpError(error) ? error.reason : 'internal', performance.now() - start);
    throw error;
  }
}
