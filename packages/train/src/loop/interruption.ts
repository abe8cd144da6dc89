import type { Interruption } from './history.js';

/** Listens for requests to stop a run after its current step. */
export interface StopRequest {
  /** Why to stop, or null. */
  readonly reason: Interruption | null;
  /** Stops listening. */
  dispose(): void;
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Listens to SIGINT (Ctrl-C), SIGTERM and an AbortSignal. A second signal is not caught: it ends the process as usual, for whoever
 * cannot wait for the step.
 */
export function listenForStop(abort: AbortSignal | null): StopRequest {
  // Not in browsers, also where something else has put a `process` there.
  const signals = typeof process !== 'undefined' && process.versions?.node ? stopSignals : [];
  let reason: Interruption | null = abort?.aborted ? 'abort' : null;
  const onSignal = (signal: NodeJS.Signals) => {
    reason ??= signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    for (const name of signals) process.off(name, onSignal);
  };
  const onAbort = () => {
    reason ??= 'abort';
  };
  for (const name of signals) process.on(name, onSignal);
  abort?.addEventListener('abort', onAbort);
  return {
    get reason() {
      return reason;
    },
    dispose() {
      for (const name of signals) process.off(name, onSignal);
      abort?.removeEventListener('abort', onAbort);
    },
  };
}
