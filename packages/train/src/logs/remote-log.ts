/** Sends what `train` tells to a server, without holding the training up. */
import { boolean, check } from '@cnnzoo/checks';
import { type TrainEvent, trainEvent } from '../loop/events.js';
import { type Scalar, scalarsOf } from './scalars.js';

/** A listener for `onEvent` that sends what it is told to a server. */
export interface RemoteLog {
  (event: TrainEvent): void;
  /**
   * Sends what is left and marks the run as ended. Call it when `train` has returned or thrown.
   * @param failed whether the run ended with an error. Default false
   * @throws (rejects) Error naming the server where something could not be sent
   */
  finish(failed?: boolean): Promise<void>;
}

/** The figures of one event. */
export interface LoggedPoint {
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly values: readonly Scalar[];
}

/** How a run has ended. */
export type RunEnd = 'finished' | 'interrupted' | 'failed';

/** A server that keeps runs. */
export interface LogServer {
  /** For messages. */
  readonly address: string;
  /** Called for one batch after the other, the same one again where it failed. */
  send(points: readonly LoggedPoint[]): Promise<void>;
  end(how: RunEnd): Promise<void>;
}

/** Between two requests, in milliseconds: figures of a step each would be thousands of requests. */
const interval = 1000;
/** Figures in one request: what MLflow takes. */
const mostFigures = 1000;
/** At the end, a request that fails is tried again after these milliseconds. */
const retryDelays = [250, 500, 1000];

export function remoteLog(server: LogServer): RemoteLog {
  const waiting: LoggedPoint[] = [];
  let sending: Promise<void> | null = null;
  let next = 0;
  let interrupted = false;

  async function sendSome(): Promise<void> {
    let [count, figures] = [0, 0];
    for (const { values } of waiting) {
      figures += values.length;
      // One point at least, whatever it has.
      if (count > 0 && figures > mostFigures) break;
      count++;
    }
    const points = waiting.slice(0, count);
    await server.send(points);
    waiting.splice(0, points.length);
  }

  /** Sends in the background. What fails stays and is sent with what comes later. */
  function sendSoon(): void {
    if (sending !== null || performance.now() < next) return;
    sending = sendSome()
      .catch(() => {})
      .finally(() => {
        sending = null;
        next = performance.now() + interval;
      });
  }

  async function persistently(work: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (cause) {
        const delay = isFinal(cause) ? undefined : retryDelays[attempt];
        if (delay === undefined)
          throw new Error(`${server.address}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  const listener = (event: TrainEvent): void => {
    check('event', event, trainEvent);
    if (event.type === 'interrupted') interrupted = true;
    const values = scalarsOf(event);
    if (!('step' in event) || values.length === 0) return;
    waiting.push({ step: event.step, time: Date.now(), values });
    sendSoon();
  };
  return Object.assign(listener, {
    async finish(failed = false) {
      check('failed', failed, boolean);
      await sending;
      while (waiting.length > 0) await persistently(sendSome);
      await persistently(() => server.end(failed ? 'failed' : interrupted ? 'interrupted' : 'finished'));
    },
  });
}

/** Whether another attempt will not change it: the server has refused what it was sent, or is another one. */
function isFinal(cause: unknown): boolean {
  if (cause instanceof HttpError) return cause.status < 500 && cause.status !== 408 && cause.status !== 429;
  return cause instanceof WrongAnswer;
}

/** An answer that is none of the server that was expected. */
export class WrongAnswer extends Error {}

/**
 * Posts JSON, and gives what the server answers.
 * @throws Error with the status and the server's own words
 */
export async function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new HttpError(response.status, text);
  return text === '' ? null : JSON.parse(text);
}

/** A figure as the servers take it: JSON has no NaN and no Infinity, and both servers read them as texts. */
export function jsonFigure(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** An answer that is no success. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    answer: string,
  ) {
    const words = wordsOf(answer).slice(0, 300);
    super(`the server answered ${status}${words === '' ? '' : `: ${words}`}`);
  }
}

/** What an answer says for people: the message of a JSON object, or a text, but no page of HTML. */
function wordsOf(answer: string): string {
  try {
    const { message, error } = JSON.parse(answer) as { message?: unknown; error?: unknown };
    for (const words of [message, error]) if (typeof words === 'string') return words;
  } catch {}
  return /^\s*</.test(answer) ? '' : answer.trim();
}
