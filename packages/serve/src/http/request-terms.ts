/** How long a request is waited for: until its client is gone, its time is over, or it is answered. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestTerms } from '../models/running-model.js';
import { httpError } from './http-error.js';

/** The middle of Triton's levels, of which 1 goes first. */
const defaultPriority = 5;

/**
 * Calls `work` with a signal that aborts where nobody waits for the answer any more.
 * @param priority 1 goes first; 0 for the middle
 * @param timeout milliseconds from now; null for none
 */
export async function withTerms<T>(
  { raw: request }: FastifyRequest,
  { raw: reply }: FastifyReply,
  { priority, timeout }: { readonly priority: number; readonly timeout: number | null },
  work: (terms: RequestTerms) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const gone = () => {
    if (!reply.writableFinished) controller.abort(httpError(499, 'canceled', 'the client has gone'));
  };
  const late = () => controller.abort(httpError(504, 'timeout', `there was no answer within ${timeout} ms`));
  if (request.socket.destroyed) gone();
  const timer = timeout === null ? undefined : setTimeout(late, timeout);
  reply.once('close', gone);
  try {
    return await work({ priority: priority || defaultPriority, signal: controller.signal });
  } finally {
    clearTimeout(timer);
    reply.removeListener('close', gone);
    // Where one of several images has failed, the others leave the queue.
    controller.abort(httpError(499, 'canceled', 'the request has ended'));
  }
}
