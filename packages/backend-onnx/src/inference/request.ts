/** What a caller may say about one request, and how it ends when it is no longer wanted. */
import { abortSignal, checkOptions, number, type OptionRules, optional } from '@cnnzoo/checks';

/** The options of one request to a frozen model in workers. */
export interface RequestOptions {
  /** Ends the request: it is rejected with the signal's reason, and takes no time of a worker where it was not begun. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the request is rejected with an error called TimeoutError. Default: never. */
  readonly timeout?: number;
}

const requestRules: OptionRules<RequestOptions> = {
  signal: optional(abortSignal),
  // A timer of Node's has no longer one.
  timeout: optional(number(0, 2 ** 31 - 1)),
};

/** A request's place in queues: one that nobody waits for any more is left out there. */
export interface Ticket {
  readonly dropped: boolean;
}

/**
 * Starts a request, and answers it once: by what `start` gives, or by its abort or deadline where those come first.
 * @param what for messages
 * @throws TypeError or RangeError for wrong options
 */
export function answered<T>(
  what: string,
  options: RequestOptions | undefined,
  start: (ticket: Ticket) => Promise<T>,
): Promise<T> {
  const { signal, timeout } = checkOptions('request', options ?? {}, requestRules);
  if (signal === undefined && timeout === undefined) return start({ dropped: false });
  if (signal?.aborted) return Promise.reject(signal.reason);
  const ticket = { dropped: false };
  return new Promise<T>((resolve, reject) => {
    const drop = (reason: unknown) => {
      ticket.dropped = true;
      end();
      reject(reason);
    };
    const abort = () => drop(signal?.reason);
    const late = () => {
      const error = new Error(`${what} gave no answer within ${timeout} ms`);
      error.name = 'TimeoutError';
      drop(error);
    };
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
    signal?.addEventListener('abort', abort);
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    start(ticket).then(
      (result) => {
        end();
        resolve(result);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
