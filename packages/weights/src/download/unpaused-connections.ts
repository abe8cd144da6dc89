/**
 * Connections that the server closes after its answer are read without a pause: in undici 6 the process ends with an assertion of undici
 * where such a connection closes while it is paused (nodejs/undici#5360; versions with the mend do not run on Node 20.16). What the disk
 * cannot take at once waits in memory. Only an answer that says `keep-alive` is paused, as HTTP/1.0 does not say that it closes.
 */
import type { Dispatcher } from 'undici';

/** An interceptor for `dispatcher.compose`. */
export const readClosingWithoutPause: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let mayPause = false;
  const unpaused: Dispatcher.DispatchHandlers = {
    onConnect: (...values) => handler.onConnect?.(...values),
    onError: (...values) => handler.onError?.(...values),
    onUpgrade: (...values) => handler.onUpgrade?.(...values),
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (...values) => handler.onBodySent?.(...values),
    onComplete: (...values) => handler.onComplete?.(...values),
    onHeaders(status, headers, ...rest) {
      const texts = headers.map(String);
      const connection = texts.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === 'connection');
      mayPause = connection >= 0 && texts[connection + 1]?.toLowerCase() === 'keep-alive';
      return handler.onHeaders?.(status, headers, ...rest) ?? true;
    },
    onData: (chunk) => (handler.onData?.(chunk) ?? true) || !mayPause,
  };
  return dispatch(options, unpaused);
};
