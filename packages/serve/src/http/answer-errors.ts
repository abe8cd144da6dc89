/** What clients are told where something goes wrong: `{ error }`, with no path and no line of code. */
import type { FastifyError, FastifyInstance } from 'fastify';
import type { Metrics } from '../observability/metrics.js';
import { type FailureReason, type HttpError, httpError, isHttpError } from './http-error.js';

export function answerErrors(app: FastifyInstance, metrics: Metrics): void {
  app.setNotFoundHandler((request) => {
    throw httpError(
      404,
      'not_found',
      `there is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}`,
    );
  });
  app.setErrorHandler((error: FastifyError | HttpError, request, reply) => {
    const told = asHttpError(error, request.id);
    if (request.served === undefined) metrics.failed(null, told.reason, reply.elapsedTime);
    // What the client is not told.
    const hidden = isHttpError(error) ? error.cause : error;
    if (told.statusCode >= 500 && hidden !== undefined) request.log.error(hidden);
    if (told.retryAfter !== undefined) void reply.header('retry-after', String(told.retryAfter));
    // What was not read of a body would be taken for the next request.
    if (told.statusCode === 413 || told.statusCode === 408) void reply.header('connection', 'close');
    void reply.code(told.statusCode).type('application/json').serializer(JSON.stringify).send({ error: told.message });
  });
}

const reasons: Readonly<Record<number, FailureReason>> = { 404: 'not_found', 413: 'too_large', 408: 'timeout' };

function asHttpError(error: FastifyError | HttpError, id: string): HttpError {
  if (isHttpError(error)) return error;
  const { statusCode = 500, message } = error;
  // Fastify's own say what is wrong with a request, and the validator's where.
  if (statusCode >= 400 && statusCode < 500) return httpError(statusCode, reasons[statusCode] ?? 'invalid', message);
  return httpError(500, 'internal', `the server has failed; its log has more under the request id ${id}`);
}
