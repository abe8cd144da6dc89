/** A line for each request, and the id by which client and server speak of it. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const milliseconds = (time: number) => Number(time.toFixed(2));

/** A client's own id is taken where it is one. */
function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

function install(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { served } = request;
    request.log.info(
      {
        method: request.method,
        // Not the address, in which a client may have written anything, a key among it.
        route: request.routeOptions.url ?? '',
        status: reply.statusCode,
        ms: milliseconds(reply.elapsedTime),
        ...(served !== undefined && { model: served.model, version: served.version }),
        ...(served?.costs !== undefined && {
          images: served.costs.images,
          prepareMs: milliseconds(served.costs.prepareTime),
          queueMs: milliseconds(served.costs.queueTime),
          computeMs: milliseconds(served.costs.computeTime),
        }),
      },
      'answered',
    );
  });
  app.addHook('onRequestAbort', async (request) => {
    request.log.info({ route: request.routeOptions.url ?? '' }, 'the client has gone');
  });
}

export const logAccess = { requestId, install };
