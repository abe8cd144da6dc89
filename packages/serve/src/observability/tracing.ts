/** Traces, where the app has OpenTelemetry. Without it, everything here only calls what it is given. */
import type { Span } from '@opentelemetry/api';

type Attributes = Readonly<Record<string, string | number>>;

export interface Tracing {
  /** Calls `work` within the span of a request, a child of the client's span where its headers name one. */
  request<T>(headers: object, attributes: Attributes, work: () => Promise<T>): Promise<T>;
  /** Calls `work` within a span. An error marks the span and is thrown on. */
  span<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>;
}

const none: Tracing = {
  request: (_headers, _attributes, work) => work(),
  span: (_name, _attributes, work) => work(),
};

export async function tracing(): Promise<Tracing> {
  // An optional peer: an app without it has no traces.
  const api = await import('@opentelemetry/api').catch(() => null);
  if (api === null) return none;
  const { context, propagation, SpanKind, SpanStatusCode, trace } = api;
  const tracer = trace.getTracer('@cnnzoo/serve');
  const within =
    <T>(work: () => Promise<T>) =>
    async (span: Span): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.message : String(error),
        });
        throw error;
      } finally {
        span.end();
      }
    };
  return {
    request: (headers, attributes, work) =>
      context.with(propagation.extract(context.active(), headers), () =>
        tracer.startActiveSpan('classify request', { kind: SpanKind.SERVER, attributes }, within(work)),
      ),
    span: (name, attributes, work) => tracer.startActiveSpan(name, { attributes }, within(work)),
  };
}
