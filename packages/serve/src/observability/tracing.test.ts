/** Where the app has OpenTelemetry, a request is a span, a child of the client's, with those of its parts. */
import { type Context, propagation, type Span, trace } from '@opentelemetry/api';
import { afterAll, expect, test, vi } from 'vitest';
import { createServer } from '../index.js';
import { fakeClassifier } from '../testing/fake-classifier.js';
import { ppm } from '../testing/ppm.js';

afterAll(() => {
  trace.disable();
  propagation.disable();
});

test('spans have the model, what has failed is marked, and the context of the client is theirs', async () => {
  const spans: { name: string; attributes: unknown; failed: boolean; ended: boolean }[] = [];
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: () => {
        throw new Error('is not called');
      },
      startActiveSpan(name: string, options: { attributes?: unknown }, work: (span: Span) => unknown) {
        const noted = { name, attributes: options.attributes, failed: false, ended: false };
        spans.push(noted);
        const span = {
          setStatus: () => {
            noted.failed = true;
          },
          end: () => {
            noted.ended = true;
          },
        };
        return work(span as unknown as Span);
      },
    }),
  } as never);
  const extract = vi.fn((active: Context, _carrier: unknown) => active);
  propagation.setGlobalPropagator({ extract, inject: () => {}, fields: () => ['traceparent'] });
  const server = await createServer({
    models: [{ name: 'colours', classifier: fakeClassifier() }],
    formats: ['PPM'],
    log: false,
    drainGrace: 0,
  });
  const post = (payload: Buffer) =>
    server.app.inject({ method: 'POST', url: '/classify', payload, headers: { traceparent: '00-1-2-01' } });
  expect((await post(ppm([1, 2, 3]))).statusCode).toBe(200);
  expect((await post(Buffer.from('no image'))).statusCode).toBe(400);
  await server.close();
  expect(spans.map(({ name, failed, ended }) => [name, failed, ended])).toEqual([
    ['classify request', false, true],
    ['prepare', false, true],
    ['predict', false, true],
    ['classify request', true, true],
    ['prepare', true, true],
  ]);
  expect(spans[0]?.attributes).toEqual({ 'cnnzoo.model': 'colours', 'cnnzoo.version': '1', 'cnnzoo.images': 1 });
  expect(extract).toHaveBeenCalledTimes(2);
  expect(extract.mock.calls[0]?.[1]).toMatchObject({ traceparent: '00-1-2-01' });
});
