/** Bytes of all bodies that are received or worked on at a time: a request for which there is no room is refused before its body is read. */
import type { FastifyInstance } from 'fastify';
import { httpError } from './http-error.js';

/**
 * @param most bytes at a time
 * @param bodyLimit bytes of one body, which count where a request does not say how many it has
 */
export function limitBodies(app: FastifyInstance, most: number, bodyLimit: number): void {
  let total = 0;
  app.addHook('onRequest', async (request, { raw: reply }) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    const bytes = length === undefined || encoding !== undefined ? bodyLimit : Number(length);
    // Fastify answers what is larger than the limit of one body.
    if (bytes > bodyLimit) return;
    if (total + bytes > most) throw httpError(503, 'memory_full', 'other requests take all memory for bodies', 1);
    total += bytes;
    let held = true;
    const release = () => {
      if (held) total -= bytes;
      held = false;
    };
    // An answer whose client has gone is closed without having been finished.
    reply.once('finish', release);
    reply.once('close', release);
  });
}
