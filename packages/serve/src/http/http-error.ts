/** An error that a client is told of: its message names no path and no line of code. */
export interface HttpError extends Error {
  readonly statusCode: number;
  /** For the counter of failures. */
  readonly reason: FailureReason;
  /** Seconds after which the client may try again. */
  readonly retryAfter?: number;
}

/** Why requests fail, as the metrics count them. */
export type FailureReason =
  | 'invalid'
  | 'unauthorized'
  | 'not_found'
  | 'too_large'
  | 'queue_full'
  | 'memory_full'
  | 'not_ready'
  | 'timeout'
  | 'canceled'
  | 'worker_died'
  | 'internal';

/** @param retryAfter seconds after which the client may try again */
export function httpError(statusCode: number, reason: FailureReason, message: string, retryAfter?: number): HttpError {
  const own = { name: 'HttpError', statusCode, reason, ...(retryAfter !== undefined && { retryAfter }) };
  return Object.assign(new Error(message), own);
}

/** The worker that computes a request has ended. @param cause for the log */
export const diedWorking = (message: string, cause: unknown): HttpError =>
  Object.assign(httpError(500, 'worker_died', message), { cause });

export const isHttpError = (error: unknown): error is HttpError =>
  error instanceof Error && error.name === 'HttpError' && 'reason' in error;
