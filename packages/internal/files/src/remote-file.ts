/** A file behind an address, read in ranges or from its start, over connections that may be cut. */
import { shownAddress } from './address.js';

/** How a remote file is read. */
export interface RemoteOptions {
  /** Seconds that the server may send nothing. Default 30. */
  readonly stall?: number;
  /** Ends the reading with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Attempts in a row that may bring no byte. Default 5. */
  readonly attempts?: number;
}

/** A file behind an address. All reads are of one version of it: where the server says that it has changed, they fail. */
export interface RemoteFile {
  /** The address without its query. */
  readonly name: string;
  /** Its bytes, asked of the server. @throws Error naming it where the server does not answer with ranges */
  size(): Promise<number>;
  /**
   * The bytes from `start` up to `end` (default: its end) as they come. A connection that is cut is opened again at the byte where it was cut.
   * @throws Error naming the file where the server refuses it, or several attempts in a row bring nothing
   */
  stream(start?: number, end?: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** The same at once. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Milliseconds before the third attempt in a row; each later one waits twice as long, and the second does not wait. */
const firstDelay = 250;
/** Seconds that an address may send nothing where the caller sets no limit: as long as a download of published weights. */
export const longestStall = 30;
/** A timer of more milliseconds ends at once. */
const longestTimer = 2 ** 31 - 1;

/** An answer that another attempt will not change. */
class FinalAnswer extends Error {}

/** What the first answer said of the file, which later ones must say as well. */
interface Version {
  readonly etag: string | null;
  readonly modified: string | null;
}

/** @throws TypeError where the address is none */
export function remoteFile(
  address: string | URL,
  { stall = longestStall, signal, attempts: mostAttempts = 5 }: RemoteOptions = {},
): RemoteFile {
  const name = shownAddress(address);
  if (!URL.canParse(String(address))) throw new TypeError(`${name} is no address`);
  const url = new URL(address);
  const authorization = credentialsOf(url);
  let version: Version | undefined;
  /** Bytes of the file, where the server has said so. */
  let whole: number | null = null;

  /** Asks for a range. The answer's body begins at `at`. */
  async function ask(start: number, end: number | undefined, abort: AbortSignal): Promise<Answer> {
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...authorization };
    if (start > 0 || end !== undefined) headers['range'] = `bytes=${start}-${end === undefined ? '' : end - 1}`;
    const response = await fetch(url, { headers, signal: abort });
    try {
      const { status, body } = response;
      if (status !== 200 && status !== 206) {
        const message = `the server answered ${status} ${response.statusText}`.trimEnd();
        throw status >= 500 || status === 408 || status === 429 ? new Error(message) : new FinalAnswer(message);
      }
      const now = { etag: response.headers.get('etag'), modified: response.headers.get('last-modified') };
      version ??= now;
      if (now.etag !== version.etag || now.modified !== version.modified)
        throw new FinalAnswer('it has changed on the server since it was opened: read it again');
      if (body === null) throw new Error('the server sent no bytes');
      if (status === 200) return { response, at: 0, total: lengthOf(response) };
      const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
      if (range === null || Number(range[1]) !== start || response.headers.has('content-encoding'))
        throw new FinalAnswer(`the server sent another range than the one from byte ${start}`);
      return { response, at: start, total: range[3] === '*' ? null : Number(range[3]) };
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
  }

  /** One attempt: the bytes from `start` on until the connection ends. */
  async function* attempt(start: number, end: number | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stalled = () =>
      abort.abort(new Error(`it has sent nothing for ${stall} s: try again, or raise limits.stall`));
    // The clock runs while the server is waited for, and stands while the caller works on what came.
    const timed = <T>(wait: () => Promise<T>): Promise<T> => {
      timer = setTimeout(stalled, Math.min(1000 * stall, longestTimer));
      return wait().finally(() => clearTimeout(timer));
    };
    try {
      const { response, at, total } = await timed(() => ask(start, end, abort.signal));
      whole = total;
      const last = Math.min(end ?? Number.POSITIVE_INFINITY, total ?? Number.POSITIVE_INFINITY);
      if (last < start) throw new FinalAnswer(`it ends before byte ${start}`);
      let place = at;
      // Not with `for await`: Safari's streams cannot be iterated.
      const reader = (response.body as unknown as ReadableStream<Uint8Array>).getReader();
      try {
        while (place < last) {
          const { done, value } = await timed(() => reader.read());
          if (done) break;
          // A server without ranges sends what was there before, too.
          const from = Math.max(0, start - place);
          const until = Math.min(value.length, last - place);
          place += value.length;
          if (from < until) yield value.subarray(from, until);
        }
      } finally {
        await reader.cancel().catch(() => {});
      }
      if (place < last && last !== Number.POSITIVE_INFINITY)
        throw new Error(`the connection ended at byte ${place} of ${last}`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      abort.abort();
    }
  }

  async function* stream(start = 0, end?: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (end !== undefined && end <= start) return;
    let place = start;
    for (let failures = 0; ; ) {
      signal?.throwIfAborted();
      try {
        for await (const bytes of attempt(place, end)) {
          place += bytes.length;
          failures = 0;
          yield bytes;
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        failures++;
        if (error instanceof FinalAnswer || failures >= mostAttempts) throw named(error, failures);
        if (failures > 1) await pause(firstDelay * 2 ** (failures - 2), signal);
      }
    }
  }

  /** What fetch says of a connection that ends names neither the address nor, but in its cause, the reason. */
  function named(error: unknown, attempts: number): Error {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    const reason = cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
    return new Error(`${name}: ${reason}${attempts > 1 ? `, after ${attempts} attempts in a row` : ''}`, {
      cause: error,
    });
  }

  return {
    name,
    stream,
    async size() {
      // Of the answer only what it says of the whole is wanted: some servers of presigned addresses refuse HEAD.
      for await (const _ of stream(0, 1)) break;
      if (whole === null) throw new Error(`${name}: the server does not say how long it is`);
      return whole;
    },
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      let done = 0;
      for await (const part of stream(offset, offset + length)) {
        bytes.set(part, done);
        done += part.length;
      }
      if (done !== length) throw new Error(`${name}: it ends at byte ${offset + done}, expected ${offset + length}`);
      return bytes;
    },
  };
}

interface Answer {
  readonly response: Response;
  /** Where in the file its body begins. */
  readonly at: number;
  /** Bytes of the whole file; null where the server does not say, or packs what it sends. */
  readonly total: number | null;
}

function lengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : Number(length);
}

/** Takes a name and password out of an address, which fetch refuses, and puts them where the server looks for them. */
function credentialsOf(url: URL): { readonly authorization?: string } {
  const { username, password } = url;
  if (username === '' && password === '') return {};
  [url.username, url.password] = ['', ''];
  return { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` };
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
    signal?.addEventListener('abort', finish, { once: true });
  });
}
